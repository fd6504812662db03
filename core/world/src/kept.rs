//! Lists that only grow, kept at many of their lengths.

use std::sync::Arc;

/// The first items of such a list; what was kept before is shared with it.
#[derive(Clone, Debug)]
pub(crate) struct Kept<T>(Option<Arc<Segment<T>>>);

#[derive(Debug)]
struct Segment<T> {
    before: Kept<T>,
    /// How many there are up to its end.
    end: usize,
    items: Box<[T]>,
}

impl<T> Default for Kept<T> {
    /// Nothing.
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Clone> Kept<T> {
    /// Keeps all of `list`, of which this is the beginning.
    pub fn grow(&mut self, list: &[T]) {
        let end = self.0.as_ref().map_or(0, |segment| segment.end);
        if let Some(more) = list.get(end..).filter(|more| !more.is_empty()) {
            let before = std::mem::take(self);
            self.0 = Some(Arc::new(Segment { before, end: list.len(), items: more.into() }));
        }
    }

    /// The list as it was.
    pub fn all(&self) -> Vec<T> {
        let mut segments = Vec::new();
        let mut next = self.0.as_ref();
        while let Some(segment) = next {
            segments.push(segment);
            next = segment.before.0.as_ref();
        }
        segments.into_iter().rev().flat_map(|segment| segment.items.iter().cloned()).collect()
    }
}

impl<T> Drop for Segment<T> {
    /// One after the other: as many as there are acts would not fit on a stack.
    fn drop(&mut self) {
        let mut before = self.before.0.take();
        while let Some(mut segment) = before.and_then(Arc::into_inner) {
            before = segment.before.0.take();
        }
    }
}
