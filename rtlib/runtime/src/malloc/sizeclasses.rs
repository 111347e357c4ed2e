//! The sizes of small blocks, and how many pages a span of each takes (Go: `sizeclasses.go`, with its own numbers there).
//!
//! Up to 128 bytes every multiple of 16 is a size; above that there are four to each doubling, so a block is at most a quarter larger than asked for, and an eighth on average.

/// Bytes of a page, the unit of the heap.
pub const PAGE: usize = 8 << 10;
/// The largest small block.
pub const MAX_SMALL: usize = 32 << 10;
/// How many sizes there are.
pub const CLASSES: usize = class_of(MAX_SMALL) + 1;

/// Classes with a size of their own for each multiple of [`STEP`].
const LINEAR: usize = 8;
const STEP: usize = 16;
/// The largest size of a linear class, as a power of two.
const LINEAR_BITS: usize = 7;

/// The class with the smallest blocks of at least so many bytes, at most [`MAX_SMALL`].
#[inline]
pub const fn class_of(size: usize) -> usize {
    if size <= LINEAR * STEP {
        return size.saturating_sub(1) / STEP;
    }
    let last = size - 1;
    let bits = last.ilog2() as usize;
    LINEAR + (bits - LINEAR_BITS) * 4 + ((last >> (bits - 2)) & 3)
}

/// The bytes of a block of this class.
pub const fn size_of_class(class: usize) -> usize {
    if class < LINEAR {
        return (class + 1) * STEP;
    }
    let (doubling, quarter) = ((class - LINEAR) / 4, (class - LINEAR) % 4);
    (5 + quarter) << (LINEAR_BITS + doubling - 2)
}

/// The pages of a span of this class: eight blocks at least, and little of a rest.
pub const fn pages_of_class(class: usize) -> usize {
    match size_of_class(class) {
        0..=1024 => 2,
        1025..=8192 => 8,
        _ => 32,
    }
}

/// The class for blocks at multiples of `align`, a power of two. None if there is none: then whole pages are needed.
pub fn class_for(size: usize, align: usize) -> Option<usize> {
    if size > MAX_SMALL || align > PAGE {
        return None;
    }
    let class = class_of(size.max(1).next_multiple_of(align.max(STEP)));
    if class < CLASSES && size_of_class(class).is_multiple_of(align) {
        return Some(class);
    }
    // Spans begin at pages, so blocks of a power of two up to a page are aligned to themselves.
    let class = class_of(size.max(align).next_power_of_two());
    (class < CLASSES && size_of_class(class).is_multiple_of(align)).then_some(class)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_the_smallest_that_fits() {
        let mut before = 0;
        for class in 0..CLASSES {
            let size = size_of_class(class);
            assert!(size > before && size.is_multiple_of(16), "{size}");
            for wanted in before + 1..=size {
                assert_eq!(class_of(wanted), class, "{wanted}");
            }
            before = size;
        }
        assert_eq!(before, MAX_SMALL);
        assert_eq!(class_of(0), 0);
    }

    #[test]
    fn spans_have_enough_blocks_and_waste_little() {
        for class in 0..CLASSES {
            let (size, bytes) = (size_of_class(class), pages_of_class(class) * PAGE);
            assert!(bytes / size >= 8, "{size}");
            assert!(bytes % size <= bytes / 8, "{size}");
        }
    }

    #[test]
    fn aligned_blocks_are_multiples() {
        for shift in 0..=13 {
            let align = 1 << shift;
            for size in [0, 1, 15, 16, 17, 100, 129, 1000, 5000, 9000, MAX_SMALL] {
                let class = class_for(size, align).expect("a class");
                assert!(size_of_class(class) >= size);
                assert!(size_of_class(class).is_multiple_of(align), "{size} {align}");
            }
        }
        assert_eq!(class_for(1, 2 * PAGE), None);
        assert_eq!(class_for(MAX_SMALL + 1, 1), None);
    }
}
