//! The files of an image with an index over them, and the rules by which they are found (TS 102 221 clause 8).

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use esim_saip::Image;
use esim_saip::image::{File, FileKind, MF};

/// Reserved identifier of the directory of the active application (TS 102 221 8.3).
pub(super) const CURRENT_ADF: u16 = 0x7FFF;

/// Bits of [`File::special`] (TS 102 222 6.3.2.2.2): may be read and updated while deactivated.
const USABLE_DEACTIVATED: u8 = 0x40;

/// Files by index in [`Image::files`]; index 0 is the MF.
#[derive(Clone, Debug)]
pub(super) struct FileSystem {
    /// Shared by copies until one of them writes.
    image: Arc<Image>,
    nodes: Arc<[Node]>,
}

/// What is looked up about a file again and again.
#[derive(Clone, Debug)]
struct Node {
    parent: usize,
    children: Vec<usize>,
    /// The file whose content this one shows: itself, unless linked.
    content: usize,
}

/// Life cycle of a file as far as commands care (TS 102 221 11.1.1.4.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lifecycle {
    Activated,
    Deactivated,
    Terminated,
}

impl FileSystem {
    pub(super) fn new(mut image: Image) -> Self {
        if !image.files.first().is_some_and(|file| matches!(file.kind, FileKind::Df { .. })) {
            image.files = bare_image().files;
        }
        let nodes = index(&image.files);
        Self { image: image.into(), nodes: nodes.into() }
    }

    pub(super) fn image(&self) -> &Image {
        &self.image
    }

    pub(super) fn image_mut(&mut self) -> &mut Image {
        Arc::make_mut(&mut self.image)
    }

    pub(super) fn len(&self) -> usize {
        self.image.files.len()
    }

    pub(super) fn file(&self, index: usize) -> &File {
        &self.image.files[index]
    }

    pub(super) fn is_directory(&self, index: usize) -> bool {
        matches!(self.file(index).kind, FileKind::Df { .. })
    }

    fn is_adf(&self, index: usize) -> bool {
        self.file(index).aid().is_some()
    }

    /// The directory a file lies in; the MF for the MF.
    pub(super) fn parent(&self, index: usize) -> usize {
        self.nodes[index].parent
    }

    /// Index of the file that holds the content: another one for a linked file.
    pub(super) fn content_of(&self, index: usize) -> usize {
        self.nodes[index].content
    }

    /// Content of an EF, through its link.
    pub(super) fn data(&self, index: usize) -> &[u8] {
        self.file(self.content_of(index)).data()
    }

    pub(super) fn data_mut(&mut self, index: usize) -> Option<&mut Vec<u8>> {
        let content = self.content_of(index);
        match &mut self.image_mut().files[content].kind {
            FileKind::Df { .. } => None,
            FileKind::Transparent { data }
            | FileKind::LinearFixed { data, .. }
            | FileKind::Cyclic { data, .. }
            | FileKind::BerTlv { data, .. } => Some(data),
        }
    }

    pub(super) fn lifecycle(&self, index: usize) -> Lifecycle {
        match self.file(index).lcs {
            0x0C..=0x0F => Lifecycle::Terminated,
            0x04 | 0x06 => Lifecycle::Deactivated,
            _ => Lifecycle::Activated,
        }
    }

    /// Whether content commands may work on the file in its life cycle state.
    pub(super) fn is_usable(&self, index: usize) -> bool {
        match self.lifecycle(index) {
            Lifecycle::Activated => true,
            Lifecycle::Deactivated => self.file(index).special & USABLE_DEACTIVATED != 0,
            Lifecycle::Terminated => false,
        }
    }

    /// Selection by identifier from a directory (TS 102 221 8.4.1): its files, itself, its parent, directories beside
    /// it, the MF, the current application. The temporary identifier of an ADF selects nothing.
    pub(super) fn by_fid(&self, directory: usize, adf: Option<usize>, fid: u16) -> Option<usize> {
        match fid {
            MF => return Some(0),
            CURRENT_ADF => return adf,
            _ => {}
        }
        let parent = self.parent(directory);
        let named = |index: &usize| self.file(*index).fid() == fid && !self.is_adf(*index);
        let beside = self.nodes[parent].children.iter().copied().filter(|index| self.is_directory(*index));
        let near = self.nodes[directory].children.iter().copied().chain([directory, parent]).chain(beside);
        near.into_iter().find(named)
    }

    /// The directory directly below another one.
    pub(super) fn child_directory(&self, directory: usize, fid: u16) -> Option<usize> {
        self.child(directory, fid).filter(|index| self.is_directory(*index))
    }

    /// Selection by path: from the MF, or from the application if it begins with 7FFF; or from `directory`.
    pub(super) fn by_path(&self, start: usize, adf: Option<usize>, path: &[u16]) -> Option<usize> {
        let (start, path) = match path.split_first()? {
            (&CURRENT_ADF, rest) if start == 0 => (adf?, rest),
            (&MF, rest) if start == 0 => (0, rest),
            _ => (start, path),
        };
        path.iter().try_fold(start, |directory, fid| self.child(directory, *fid))
    }

    pub(super) fn by_sfi(&self, directory: usize, sfi: u8) -> Option<usize> {
        self.children(directory).find(|index| self.file(*index).sfi == Some(sfi))
    }

    /// Applications in order of installation.
    pub(super) fn applications(&self) -> impl DoubleEndedIterator<Item = usize> + '_ {
        (0..self.len()).filter(|index| self.is_adf(*index))
    }

    /// The EF.ARR record that protects a file: the EF is looked for beside the file, then in each parent
    /// (TS 102 221 9.2.7).
    pub(super) fn access_rule(&self, index: usize) -> Option<&[u8]> {
        let reference = self.file(index).arr?;
        let mut directory = self.parent(index);
        loop {
            let found =
                self.nodes[directory].children.iter().find(|child| self.file(**child).fid() == reference.fid);
            if let Some(arr) = found {
                return self.file(self.content_of(*arr)).record(reference.record);
            }
            if directory == 0 {
                return None;
            }
            directory = self.parent(directory);
        }
    }

    fn child(&self, directory: usize, fid: u16) -> Option<usize> {
        self.children(directory).find(|index| self.file(*index).fid() == fid && !self.is_adf(*index))
    }

    fn children(&self, directory: usize) -> impl Iterator<Item = usize> + '_ {
        self.nodes[directory].children.iter().copied()
    }
}

/// Parents, children and links. A file whose directory or link target is missing lies beside the tree, or shows its own
/// content.
fn index(files: &[File]) -> Vec<Node> {
    let by_path: BTreeMap<&[u16], usize> =
        files.iter().enumerate().map(|(i, file)| (&file.path[..], i)).collect();
    let mut nodes: Vec<Node> =
        (0..files.len()).map(|index| Node { parent: 0, children: Vec::new(), content: index }).collect();
    for (index, file) in files.iter().enumerate().skip(1) {
        let parent = file.parent().and_then(|path| by_path.get(path)).copied();
        if let Some(parent) = parent.filter(|parent| matches!(files[*parent].kind, FileKind::Df { .. })) {
            nodes[index].parent = parent;
            nodes[parent].children.push(index);
        }
        nodes[index].content = follow_links(files, &by_path, index);
    }
    nodes
}

fn follow_links(files: &[File], by_path: &BTreeMap<&[u16], usize>, start: usize) -> usize {
    let mut index = start;
    // A link to a link is allowed, a ring is not: no chain is longer than there are files.
    for _ in 0..files.len() {
        let Some(path) = &files[index].linked_to else { return index };
        match by_path.get(&path[..]) {
            Some(next) => index = *next,
            None => return start,
        }
    }
    start
}

/// What a card without an enabled profile shows.
pub(super) fn bare_image() -> Image {
    let mf = File {
        path: alloc::vec![MF],
        kind: FileKind::Df { aid: None, pin_status: Vec::new() },
        lcs: 0x05,
        arr: None,
        sfi: None,
        special: 0,
        linked_to: None,
    };
    Image {
        iccid: [0xFF; 10],
        profile_type: String::new(),
        version: (0, 0),
        files: alloc::vec![mf],
        pins: Vec::new(),
        puks: Vec::new(),
        shared_pins: Vec::new(),
        naas: Vec::new(),
        applications: Vec::new(),
    }
}
