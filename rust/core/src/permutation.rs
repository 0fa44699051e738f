//! Permutations with the draws of `numpy.random.RandomState`.

use crate::buffer::Buffer;
use crate::{Error, Exec, Result};

/// Words of the generator's state, and how far each new one looks ahead.
const LEN: usize = 624;
const AHEAD: usize = 397;

/// Swaps between two looks at the flag that stops.
const SWAPS_PER_CHECK: usize = 1 << 16;

/// The Mersenne twister MT19937 (Matsumoto and Nishimura, "Mersenne twister", ACM TOMACS 8(1), 1998).
#[derive(Debug, Clone)]
pub struct Twister {
    state: [u32; LEN],
    /// How many of the state's words are used up.
    position: usize,
}

impl Twister {
    /// Goes on from a state of numpy's generator.
    ///
    /// # Errors
    /// [`Error::Length`] or [`Error::Range`] if it is none.
    pub fn new(state: &[u32], position: usize) -> Result<Self> {
        let wrong = |_| Error::Length { argument: "state", got: state.len(), rows: 1, columns: LEN };
        let state = state.try_into().map_err(wrong)?;
        if position > LEN {
            let needed = format!("from 0 to {LEN}");
            return Err(Error::Range { argument: "position", got: position.to_string(), needed });
        }
        Ok(Self { state, position })
    }

    /// State and position, to be handed back.
    #[must_use]
    pub fn state(&self) -> (&[u32], usize) {
        (&self.state, self.position)
    }

    /// The first `len` of a permutation of the numbers below `n`, as `RandomState.permutation(n)` gives them.
    ///
    /// Cost: O(n); 4 bytes for each number below `n`.
    ///
    /// # Errors
    /// [`Error::Range`] for more than 2^32 - 1 numbers, [`Error::Interrupted`].
    pub fn permutation(&mut self, exec: &Exec<'_>, n: usize, len: usize) -> Result<Vec<u32>> {
        let Ok(end) = u32::try_from(n) else {
            let needed = format!("at most {}", u32::MAX);
            return Err(Error::Range { argument: "n", got: n.to_string(), needed });
        };
        let mut numbers = Buffer::unwritten(n);
        for (number, place) in numbers.iter_mut().zip(0..end) {
            *number = place;
        }
        let mut rest = &mut *numbers;
        while rest.len() > 1 {
            if rest.len() % SWAPS_PER_CHECK == 0 {
                exec.check()?;
            }
            let last = rest.len() - 1;
            rest.swap(last, self.below_or_equal(last as u32) as usize);
            rest = &mut rest[..last];
        }
        Ok(numbers[..len.min(n)].to_vec())
    }

    /// A number up to `most`: the first one of so many bits that is not larger.
    #[inline]
    fn below_or_equal(&mut self, most: u32) -> u32 {
        let mask = u32::MAX >> most.leading_zeros();
        loop {
            let number = self.draw() & mask;
            if number <= most {
                return number;
            }
        }
    }

    #[inline]
    fn draw(&mut self) -> u32 {
        if self.position == LEN {
            self.twist();
        }
        let mut word = self.state[self.position];
        self.position += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    fn twist(&mut self) {
        for i in 0..LEN {
            let joined = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % LEN] & 0x7fff_ffff);
            let odd = if joined % 2 == 1 { 0x9908_b0df } else { 0 };
            self.state[i] = self.state[(i + AHEAD) % LEN] ^ (joined >> 1) ^ odd;
        }
        self.position = 0;
    }
}
