//! Workers run wherever the system puts them: only Linux was seen to put all of them on one CPU.

pub(crate) struct Placement;

impl Placement {
    pub(crate) fn new(_n_threads: usize) -> Self {
        Self
    }

    pub(crate) fn enter(&self, _index: usize) {}

    pub(crate) fn begin(&self) {}

    pub(crate) fn look_around(&self) {}

    pub(crate) fn end(&self) {}
}
