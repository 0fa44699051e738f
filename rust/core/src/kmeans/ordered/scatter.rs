//! Writing to places all over a slice from several threads.

use std::marker::PhantomData;

/// A slice that threads write to, each to places of its own.
pub(super) struct Scatter<'a, T> {
    start: *mut T,
    len: usize,
    slice: PhantomData<&'a mut [T]>,
}

// SAFETY: whoever writes promises that no other thread writes to the same place, and nothing is read.
#[expect(unsafe_code, reason = "places that are a permutation are beyond what the borrow checker can tell apart")]
unsafe impl<T: Send> Sync for Scatter<'_, T> {}

impl<'a, T: Copy> Scatter<'a, T> {
    pub(super) fn new(slice: &'a mut [T]) -> Self {
        Self { start: slice.as_mut_ptr(), len: slice.len(), slice: PhantomData }
    }

    /// Writes `values` from place `at` on.
    ///
    /// # Safety
    /// While the slice is borrowed, no other call writes to these places.
    ///
    /// # Panics
    /// If the places are not all in the slice.
    #[inline(always)]
    #[expect(unsafe_code, reason = "see above")]
    pub(super) unsafe fn write<const N: usize>(&self, at: usize, values: [T; N]) {
        assert!(at <= self.len && N <= self.len - at, "a place is beyond the slice");
        // SAFETY: the places are in the slice, which is borrowed for writing, and the caller alone writes to them.
        unsafe { self.start.add(at).cast::<[T; N]>().write(values) };
    }
}

#[cfg(test)]
mod tests {
    use rayon::prelude::*;

    use super::*;

    #[test]
    fn threads_fill_a_slice_in_any_order() {
        let n = 10_007;
        let mut slice = vec![0; 3 * n];
        let scatter = Scatter::new(&mut slice);
        (0..n).into_par_iter().for_each(|i| {
            let place = i * 5003 % n;
            // SAFETY: 5003 and the prime 10007 have no common divisor, so that every place occurs once.
            #[expect(unsafe_code, reason = "this is what is tested")]
            unsafe {
                scatter.write(3 * place, [3 * place, 3 * place + 1, 3 * place + 2]);
            }
        });
        assert!(slice.iter().enumerate().all(|(place, value)| *value == place));
    }

    #[test]
    #[should_panic(expected = "beyond the slice")]
    fn a_place_beyond_the_slice_is_refused() {
        let mut slice = [0; 4];
        // SAFETY: there is one thread.
        #[expect(unsafe_code, reason = "this is what is tested")]
        unsafe {
            Scatter::new(&mut slice).write(3, [1, 2]);
        }
    }
}
