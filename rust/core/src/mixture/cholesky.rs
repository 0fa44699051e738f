//! Small dense factorisations, row-major.

/// Replaces the lower triangle of a symmetric matrix by its Cholesky factor `L`, `A = L L^T`; false if it has none whose
/// squared pivots are above `floor`, at least 0.
pub(super) fn factorize(matrix: &mut [f64], n: usize, floor: f64) -> bool {
    for i in 0..n {
        for j in 0..=i {
            let (row_i, row_j) = (&matrix[i * n..][..j], &matrix[j * n..][..j]);
            let sum: f64 = matrix[i * n + j] - row_i.iter().zip(row_j).map(|(a, b)| a * b).sum::<f64>();
            if i != j {
                matrix[i * n + j] = sum / matrix[j * n + j];
            } else if sum > floor && sum < f64::INFINITY {
                matrix[i * n + i] = sum.sqrt();
            } else {
                return false;
            }
        }
    }
    true
}

/// The inverse of a lower triangular matrix, itself lower triangular with zeros above.
pub(super) fn invert(lower: &[f64], n: usize) -> Vec<f64> {
    let mut inverse = vec![0.0; n * n];
    for column in 0..n {
        inverse[column * n + column] = 1.0 / lower[column * n + column];
        for i in column + 1..n {
            let sum: f64 = (column..i).map(|j| lower[i * n + j] * inverse[j * n + column]).sum();
            inverse[i * n + column] = -sum / lower[i * n + i];
        }
    }
    inverse
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_and_its_inverse_by_hand() {
        // L = [[2, 0], [3, 4]].
        let mut matrix = [4.0, 6.0, 6.0, 25.0];
        assert!(factorize(&mut matrix, 2, 0.0));
        assert!(!factorize(&mut [4.0, 6.0, 6.0, 25.0], 2, 5.0));
        assert_eq!(vec![matrix[0], matrix[2], matrix[3]], vec![2.0, 3.0, 4.0]);
        assert_eq!(invert(&matrix, 2), [0.5, 0.0, -0.375, 0.25]);
    }

    #[test]
    fn what_is_not_positive_definite_has_no_factor() {
        for mut matrix in [[1.0, 2.0, 2.0, 1.0], [0.0, 0.0, 0.0, 1.0], [f64::NAN, 0.0, 0.0, 1.0]] {
            assert!(!factorize(&mut matrix, 2, 0.0));
        }
    }
}
