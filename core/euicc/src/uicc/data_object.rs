//! RETRIEVE DATA and SET DATA on BER-TLV files (TS 102 221 11.3.1, 11.3.2).

use alloc::vec::Vec;

use core::ops::Range;

use esim_rsp::tlv;
use esim_saip::image::FileKind;

use super::access::Operation;
use super::told::Rule;
use super::{Change, ChannelState, Uicc};
use crate::apdu::{Command, Response, Status};

/// Tag under which RETRIEVE DATA lists the tags present.
const TAG_LIST: u32 = 0x5C;

/// Octets of a block for which no length was given.
const BLOCK: u32 = 0x100;

const STRUCTURE: Rule = Rule::new("TS 102 221 8.2.2.4", "the EF holds data objects");
const UNDER_WAY: Rule =
    Rule::new("TS 102 221 11.3", "a data object is under way whose next block this may be");
const MORE: Rule = Rule::new("TS 102 221 11.3.1", "the data object has octets that were not retrieved");
const FITS: Rule = Rule::new("TS 102 221 11.3.2", "the data object fits into the EF");
const WHOLE: Rule = Rule::new("TS 102 221 11.3.2", "no octets follow the data object");
const OBJECT: Rule = Rule::new("TS 102 221 11.3", "the EF has a data object with the tag");

/// A data object on its way in several blocks.
#[derive(Clone, Debug)]
pub(super) struct Transfer {
    pub(super) file: usize,
    /// True for SET DATA.
    incoming: bool,
    octets: Vec<u8>,
    /// The block that was sent last.
    sent: Range<usize>,
}

/// Bits 8 to 6 of P2 (tables 11.26, 11.28).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    First,
    Next,
    Again,
}

impl Uicc {
    /// RETRIEVE DATA: the data object with a tag, in blocks of Le octets; `62F1` while more remains. Without Le, as T=0
    /// sends a command with data, a block is what one GET RESPONSE brings.
    pub(super) fn retrieve_data(
        &mut self,
        channel: &mut ChannelState,
        command: &Command<'_>,
    ) -> Result<Response, Status> {
        let (file, _) = self.object_file(channel, command)?;
        let block = block(command)?;
        self.permit(file, Operation::Read)?;
        if block == Block::First {
            let octets = self.find_object(file, command.data)?;
            channel.transfer = Some(Transfer { file, incoming: false, octets, sent: 0..0 });
        } else if !command.data.is_empty() {
            return Err(Status::WRONG_LENGTH);
        }
        let transfer =
            channel.transfer.as_mut().filter(|transfer| transfer.file == file && !transfer.incoming);
        let transfer = self.told.that(&UNDER_WAY, || [command.p2], transfer);
        let transfer = transfer.ok_or(Status::CONDITIONS_NOT_SATISFIED)?;
        let start = if block == Block::Again { transfer.sent.start } else { transfer.sent.end };
        let size = command.le.unwrap_or(BLOCK) as usize;
        let end = start.saturating_add(size).min(transfer.octets.len());
        let size = || transfer.octets.len().to_be_bytes();
        self.told.must(&MORE, size, start < end, Status::CONDITIONS_NOT_SATISFIED)?;
        transfer.sent = start..end;
        let status = if end < transfer.octets.len() { Status::MORE_DATA } else { Status::OK };
        Ok(Response { data: transfer.octets[start..end].to_vec(), status })
    }

    /// SET DATA: stores a data object in place of one with its tag; a tag alone deletes. `63F1` while more is expected.
    pub(super) fn set_data(
        &mut self,
        channel: &mut ChannelState,
        command: &Command<'_>,
    ) -> Result<Response, Status> {
        let (file, max) = self.object_file(channel, command)?;
        let block = block(command)?;
        self.permit(file, Operation::Update)?;
        if command.data.is_empty() {
            return Err(Status::WRONG_LENGTH);
        }
        let before = match (block, channel.transfer.take()) {
            (Block::First, _) => Some(Vec::new()),
            (Block::Next, Some(transfer)) if transfer.file == file && transfer.incoming => {
                Some(transfer.octets)
            }
            _ => None,
        };
        let before = self.told.that(&UNDER_WAY, || [command.p2], before);
        let mut octets = before.ok_or(Status::CONDITIONS_NOT_SATISFIED)?;
        octets.extend(command.data);
        if block == Block::First && is_tag(&octets) {
            return self.delete_object(file, &octets);
        }
        let (_, length, header) = tlv::read_header(&octets, 0).map_err(|_| Status::INCORRECT_DATA)?;
        let whole = header.saturating_add(length);
        self.told.must(&FITS, || &octets, whole <= max, Status::NOT_ENOUGH_MEMORY)?;
        self.told.must(&WHOLE, || &octets, octets.len() <= whole, Status::INCORRECT_DATA)?;
        if octets.len() < whole {
            channel.transfer = Some(Transfer { file, incoming: true, octets, sent: 0..0 });
            return Ok(Status::MORE_DATA_EXPECTED.into());
        }
        self.store_object(file, &octets, max)
    }

    /// The file and the most octets it takes.
    fn object_file(
        &self,
        channel: &mut ChannelState,
        command: &Command<'_>,
    ) -> Result<(usize, usize), Status> {
        if command.p1 != 0 {
            return Err(Status::INCORRECT_P1_P2);
        }
        let file = self.target(channel, command.p2 & 0x1F)?;
        let most = match self.fs.file(file).kind {
            FileKind::BerTlv { max, .. } => Some(max as usize),
            _ => None,
        };
        let most = self.told.that(&STRUCTURE, || self.path_of(file), most);
        Ok((file, most.ok_or(Status::INCOMPATIBLE_STRUCTURE)?))
    }

    fn find_object(&self, file: usize, tag: &[u8]) -> Result<Vec<u8>, Status> {
        if !is_tag(tag) {
            return Err(Status::INCORRECT_DATA);
        }
        let data = self.fs.data(file);
        if tag == [TAG_LIST as u8] {
            let tags: Vec<u8> = objects(data).flat_map(|object| tag_octets(&data[object]).to_vec()).collect();
            return Ok(tlv::wrap(TAG_LIST, &[&tags]));
        }
        let found = objects(data).find(|object| tag_octets(&data[object.clone()]) == tag);
        let found = self.told.that(&OBJECT, || tag, found);
        found.map(|object| data[object].to_vec()).ok_or(Status::REFERENCED_DATA_NOT_FOUND)
    }

    fn delete_object(&mut self, file: usize, tag: &[u8]) -> Result<Response, Status> {
        let data = self.fs.data(file);
        let found = objects(data).find(|object| tag_octets(&data[object.clone()]) == tag);
        let object = self.told.that(&OBJECT, || tag, found).ok_or(Status::REFERENCED_DATA_NOT_FOUND)?;
        let kept = [&data[..object.start], &data[object.end..]].concat();
        self.replace_objects(file, kept);
        Ok(Status::OK.into())
    }

    fn store_object(&mut self, file: usize, new: &[u8], max: usize) -> Result<Response, Status> {
        let data = self.fs.data(file);
        let others = objects(data).filter(|object| tag_octets(&data[object.clone()]) != tag_octets(new));
        let mut kept: Vec<u8> = others.flat_map(|object| data[object].to_vec()).collect();
        kept.extend(new);
        self.told.must(&FITS, || new, kept.len() <= max, Status::NOT_ENOUGH_MEMORY)?;
        self.replace_objects(file, kept);
        Ok(Status::OK.into())
    }

    fn replace_objects(&mut self, file: usize, octets: Vec<u8>) {
        if let Some(data) = self.fs.data_mut(file).filter(|data| **data != octets) {
            *data = octets;
            self.changed(Change::File(self.fs.content_of(file)));
        }
    }
}

fn block(command: &Command<'_>) -> Result<Block, Status> {
    match command.p2 & 0xE0 {
        0x80 => Ok(Block::First),
        0x00 => Ok(Block::Next),
        0x40 => Ok(Block::Again),
        _ => Err(Status::INCORRECT_P1_P2),
    }
}

/// The data objects of a file up to the fill octets behind them.
fn objects(data: &[u8]) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = 0;
    core::iter::from_fn(move || {
        if matches!(data.get(at), None | Some(0x00 | 0xFF)) {
            return None;
        }
        let start = at;
        at = tlv::read(data, at).ok()?.value.end;
        Some(start..at)
    })
}

/// The tag at the start, one to three octets.
fn tag_octets(octets: &[u8]) -> &[u8] {
    let more = |octet: Option<&u8>, mask: u8| octet.is_some_and(|octet| octet & mask == mask);
    let len = match more(octets.first(), 0x1F) {
        false => 1,
        true if more(octets.get(1), 0x80) => 3,
        true => 2,
    };
    &octets[..len.min(octets.len())]
}

/// Whether the octets are one whole tag and nothing else.
fn is_tag(octets: &[u8]) -> bool {
    let expects_more = match *octets {
        [] => true,
        [first] => first & 0x1F == 0x1F,
        [_, second] => second & 0x80 != 0,
        _ => false,
    };
    !expects_more && tag_octets(octets).len() == octets.len()
}
