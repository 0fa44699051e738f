//! Code for a number of features that the compiler knows.

/// Most features for which there is such code: the samples of two vectors then still fit the registers of AVX2.
pub(crate) const MAX_FEATURES: usize = 8;

/// Runs `$body` with the constant `$D` set to `$n_features`, from 1 to [`MAX_FEATURES`]: loops over a known number of
/// features unroll, and their values stay in registers.
macro_rules! with_features {
    ($n_features:expr, $D:ident => $body:expr) => {
        match $n_features {
            1 => {
                const $D: usize = 1;
                $body
            }
            2 => {
                const $D: usize = 2;
                $body
            }
            3 => {
                const $D: usize = 3;
                $body
            }
            4 => {
                const $D: usize = 4;
                $body
            }
            5 => {
                const $D: usize = 5;
                $body
            }
            6 => {
                const $D: usize = 6;
                $body
            }
            7 => {
                const $D: usize = 7;
                $body
            }
            _ => {
                const $D: usize = 8;
                $body
            }
        }
    };
}
pub(crate) use with_features;
