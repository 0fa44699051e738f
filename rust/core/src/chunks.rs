//! How samples are cut for parallel work.
//!
//! The cut follows from the problem alone, never from the number of threads, and partial results are combined in chunk
//! order: this is what makes results the same bits for any number of threads.

use std::ops::Range;

/// Smallest chunk: below about a thousand samples, handing a chunk to a thread costs more than working on it.
const MIN_CHUNK: usize = 1024;

/// Enough chunks to keep 64 threads evenly busy; more would only lengthen the sequential reduction.
const MAX_CHUNKS: usize = 256;

/// Samples per chunk and cluster, so that a chunk's partial sums stay within a few percent of its samples.
const CHUNK_PER_CLUSTER: usize = 32;

/// The fixed cut of `n_samples` samples into chunks of equal length (the last may be shorter).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunks {
    n_samples: usize,
    length: usize,
}

impl Chunks {
    /// The cut for a pass whose partial result grows with `n_clusters` rows (1 if it does not grow).
    #[must_use]
    pub fn new(n_samples: usize, n_clusters: usize) -> Self {
        let length = n_samples.div_ceil(MAX_CHUNKS).max(MIN_CHUNK).max(CHUNK_PER_CLUSTER * n_clusters);
        Self { n_samples, length }
    }

    /// Samples per chunk.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length
    }

    /// Number of chunks.
    #[must_use]
    pub fn count(&self) -> usize {
        self.n_samples.div_ceil(self.length)
    }

    /// The samples of chunk `index`.
    #[must_use]
    pub fn range(&self, index: usize) -> Range<usize> {
        let start = index * self.length;
        start..(start + self.length).min(self.n_samples)
    }
}
