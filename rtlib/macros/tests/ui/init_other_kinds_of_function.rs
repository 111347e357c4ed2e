//! What another attribute makes of a function must still be one that anybody may call.

use rtlib::init;

#[init]
#[target_feature(enable = "avx2")]
fn with_a_feature() {}

macro_rules! unsafe_function {
    ($($attribute:tt)*) => {
        $($attribute)*
        unsafe fn not_safe() {}
    };
}

unsafe_function!(#[init]);

fn main() {}
