//! Workers run wherever the system puts them: only Linux was seen to put all of them on one CPU.

#![allow(clippy::unused_self, reason = "the interface of the module for Linux")]

pub(crate) struct Placement;

/// A computation.
pub(crate) struct Active;

impl Placement {
    pub(crate) fn new(_n_threads: usize) -> Self {
        Self
    }

    pub(crate) fn enter(&self, _index: usize) {}

    pub(crate) fn begin(&self) -> Active {
        Active
    }

    pub(crate) fn look_around(&self) {}
}
