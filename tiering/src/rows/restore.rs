//! How the numbers of floating-point columns stand in a restored document.

use crate::schema::WholeNumbers;

/// Up to here every integer is a float of its own.
const EXACT_IN_FLOATS: f64 = 9_007_199_254_740_992.0;

/// Whether a number of a floating-point column comes back without a point.
///
/// A `float` column follows the same rule as the `double` column that it may be widened to.
pub(super) fn is_restored_as_integer(value: f64, whole: WholeNumbers) -> bool {
    let is_negative_zero = value == 0.0 && value.is_sign_negative();
    whole == WholeNumbers::Integers
        && value.abs() <= EXACT_IN_FLOATS
        && value.trunc() == value
        && !is_negative_zero
}
