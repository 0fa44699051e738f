//! Large buffers that cost few page faults.

use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::slice;

use bytemuck::Pod;

#[cfg(target_os = "linux")]
use crate::spare::Mapping;

/// Numbers that mean nothing before they are written, on huge pages where the system has them.
///
/// Memory fresh from the system is mapped at its first touch, 4 KiB at a time: for a copy of the samples that takes
/// longer than to fill it (measured 1.5 us a page in a virtual machine). Huge pages need 512 times fewer faults, and
/// reading at random misses the table of pages less often.
#[derive(Debug)]
pub(crate) struct Buffer<T> {
    /// Where the numbers lie, known without a look at what they lie in: some are asked for one by one (measured: 3 % of the
    /// time of superpixels).
    first: NonNull<T>,
    len: usize,
    _memory: Memory<T>,
}

// SAFETY: a buffer alone has its numbers, as a vector has.
#[expect(unsafe_code, reason = "a pointer is not known to be the only one")]
unsafe impl<T: Send> Send for Buffer<T> {}

// SAFETY: a shared buffer is only read.
#[expect(unsafe_code, reason = "a pointer is not known to be the only one")]
unsafe impl<T: Sync> Sync for Buffer<T> {}

#[derive(Debug)]
enum Memory<T> {
    Heap(Vec<T>),
    #[cfg(target_os = "linux")]
    Mapped(Mapping),
}

/// Bytes that a heap takes from the system anew each time, as glibc does: what is kept instead is there at once (measured:
/// 0.3 of 8 ms of superpixels, whose largest lists are a few hundred KiB long).
#[cfg(target_os = "linux")]
const MIN_MAPPED: usize = 128 << 10;

impl<T: Pod> Buffer<T> {
    /// A buffer of `len` numbers, zeros or what another buffer has left.
    pub(crate) fn unwritten(len: usize) -> Self {
        let mut memory = Self::mapped(len).unwrap_or_else(|| Memory::Heap(vec![T::zeroed(); len]));
        Self { first: NonNull::from(memory.numbers(len)).cast(), len, _memory: memory }
    }

    #[cfg(target_os = "linux")]
    fn mapped(len: usize) -> Option<Memory<T>> {
        let n_bytes = len.checked_mul(size_of::<T>()).filter(|n_bytes| *n_bytes >= MIN_MAPPED)?;
        Mapping::new(n_bytes).map(Memory::Mapped)
    }

    #[cfg(not(target_os = "linux"))]
    fn mapped(_len: usize) -> Option<Memory<T>> {
        None
    }
}

impl<T: Pod> Memory<T> {
    fn numbers(&mut self, len: usize) -> &mut [T] {
        match self {
            Self::Heap(values) => values,
            #[cfg(target_os = "linux")]
            Self::Mapped(map) => bytemuck::cast_slice_mut(&mut map[..len * size_of::<T>()]),
        }
    }
}

impl<T> Deref for Buffer<T> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        // SAFETY: so many numbers lie there as long as the buffer has its memory, which nobody else reaches.
        #[expect(unsafe_code, reason = "a slice of memory that is owned beside it")]
        unsafe {
            slice::from_raw_parts(self.first.as_ptr(), self.len)
        }
    }
}

impl<T> DerefMut for Buffer<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as above; whoever borrows the buffer mutably is the only one to reach it.
        #[expect(unsafe_code, reason = "a slice of memory that is owned beside it")]
        unsafe {
            slice::from_raw_parts_mut(self.first.as_ptr(), self.len)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_of_any_size_keeps_what_is_written() {
        for len in [0, 1, 1000, 1 << 20, 1 << 20] {
            let mut buffer = Buffer::<u64>::unwritten(len);
            assert_eq!(buffer.len(), len);
            for (place, value) in buffer.iter_mut().enumerate() {
                *value = place as u64;
            }
            assert!(buffer.iter().enumerate().all(|(place, value)| *value == place as u64));
        }
    }
}
