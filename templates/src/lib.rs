//! The assembly that every program starts with, as real files under `files/` that are rendered for a build and that gdb
//! shows as source.
//!
//! Rendering is a pure function of [`Config`]: no I/O, no environment. A placeholder is `@NAME@`; [`render`] replaces all of
//! them, and a test proves that none is left.

use std::mem::offset_of;

use rtlib_abi::layout::{GHead, MHead};

const RT0: &str = include_str!("../files/rt0_linux_amd64.s");
const ASM: &str = include_str!("../files/asm_amd64.s");
const CPU_CHECK: &str = include_str!("../files/cpu_check_amd64.s");
const CPU_CHECK_V3: &str = include_str!("../files/cpu_check_v3_amd64.s");

/// gdb's commands for goroutines: `info goroutines` and `goroutine`. No template: it is the same for every program.
pub const GDB_SCRIPT: &str = include_str!("../files/runtime-gdb.py");
/// What gdb calls it. Go's is called the same.
pub const GDB_SCRIPT_NAME: &str = "runtime-gdb.py";

/// What the templates depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// The microarchitecture level that the program may assume.
    pub goamd64: GoAmd64,
}

/// GOAMD64: the x86-64 microarchitecture levels of the psABI.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GoAmd64 {
    /// The baseline that every x86-64 processor has.
    #[default]
    V1,
    /// SSE4.2, POPCNT, CMPXCHG16B.
    V2,
    /// AVX2, BMI, FMA, MOVBE.
    V3,
    /// AVX-512 F, BW, CD, DQ, VL.
    V4,
}

impl GoAmd64 {
    /// All levels, lowest first.
    pub const ALL: [Self; 4] = [Self::V1, Self::V2, Self::V3, Self::V4];

    /// `v1` to `v4`, as GOAMD64 spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        ["v1", "v2", "v3", "v4"][self as usize]
    }

    /// The level as a number, 1 to 4.
    #[must_use]
    pub fn level(self) -> u32 {
        self as u32 + 1
    }
}

/// One rendered assembly file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// File name, as gdb shows it.
    pub name: &'static str,
    /// GNU as text.
    pub text: String,
}

/// Renders the assembly of a program: the file of the entry point first.
#[must_use]
pub fn render(config: &Config) -> Vec<Source> {
    vec![
        Source {
            name: "rt0_linux_amd64.s",
            text: RT0.to_owned(),
        },
        Source {
            name: "asm_amd64.s",
            text: asm(config.goamd64),
        },
    ]
}

fn asm(level: GoAmd64) -> String {
    let features = Features::of(level);
    let v3 = if features.leaf7_bx == 0 {
        ""
    } else {
        CPU_CHECK_V3
    };
    let check = if level == GoAmd64::V1 { "" } else { CPU_CHECK };
    substitute(
        ASM,
        &[
            ("CPU_CHECK", check.to_owned()),
            ("CPU_CHECK_V3", v3.to_owned()),
            ("FEATURES_1_CX", format!("{:#x}", features.leaf1_cx)),
            ("FEATURES_EXT_CX", format!("{:#x}", features.ext_cx)),
            ("FEATURES_7_BX", format!("{:#x}", features.leaf7_bx)),
            ("XCR0", format!("{:#x}", features.xcr0)),
            ("GOAMD64", level.as_str().to_owned()),
            ("G_STACK_LO", offset_of!(GHead, stack_lo).to_string()),
            ("G_STACK_HI", offset_of!(GHead, stack_hi).to_string()),
            ("G_M", offset_of!(GHead, m).to_string()),
            ("M_G0", offset_of!(MHead, g0).to_string()),
        ],
    )
}

/// Replaces each `@NAME@` in the order given, so that a value may itself contain later placeholders.
fn substitute(template: &str, values: &[(&str, String)]) -> String {
    values
        .iter()
        .fold(template.to_owned(), |text, (name, value)| {
            text.replace(&format!("@{name}@"), value)
        })
}

/// The CPUID and XCR0 bits that a level promises (psABI, table "Micro-Architecture Levels"; Intel SDM vol. 2, CPUID).
struct Features {
    leaf1_cx: u32,
    ext_cx: u32,
    leaf7_bx: u32,
    xcr0: u32,
}

impl Features {
    const V2_1_CX: u32 = 1 << 0 | 1 << 9 | 1 << 13 | 1 << 19 | 1 << 20 | 1 << 23; // SSE3 SSSE3 CX16 SSE4.1 SSE4.2 POPCNT
    const V2_EXT_CX: u32 = 1 << 0; // LAHF
    const V3_1_CX: u32 = Self::V2_1_CX | 1 << 12 | 1 << 22 | 1 << 27 | 1 << 28 | 1 << 29; // FMA MOVBE OSXSAVE AVX F16C
    const V3_EXT_CX: u32 = Self::V2_EXT_CX | 1 << 5; // LZCNT
    const V3_7_BX: u32 = 1 << 3 | 1 << 5 | 1 << 8; // BMI1 AVX2 BMI2
    const V3_XCR0: u32 = 1 << 1 | 1 << 2; // XMM YMM
    const V4_7_BX: u32 = Self::V3_7_BX | 1 << 16 | 1 << 17 | 1 << 28 | 1 << 30 | 1 << 31; // AVX512 F DQ CD BW VL
    const V4_XCR0: u32 = Self::V3_XCR0 | 1 << 5 | 1 << 6 | 1 << 7; // opmask ZMM_Hi256 Hi16_ZMM

    fn of(level: GoAmd64) -> Self {
        let (leaf1_cx, ext_cx, leaf7_bx, xcr0) = match level {
            GoAmd64::V1 => (0, 0, 0, 0),
            GoAmd64::V2 => (Self::V2_1_CX, Self::V2_EXT_CX, 0, 0),
            GoAmd64::V3 => (Self::V3_1_CX, Self::V3_EXT_CX, Self::V3_7_BX, Self::V3_XCR0),
            GoAmd64::V4 => (Self::V3_1_CX, Self::V3_EXT_CX, Self::V4_7_BX, Self::V4_XCR0),
        };
        Self {
            leaf1_cx,
            ext_cx,
            leaf7_bx,
            xcr0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_placeholder_is_left_at_any_level() {
        for goamd64 in GoAmd64::ALL {
            for source in render(&Config { goamd64 }) {
                let left = source
                    .text
                    .lines()
                    .find(|l| l.matches('@').count() >= 2 && !l.contains("@function"));
                assert_eq!(left, None, "{} at {}", source.name, goamd64.as_str());
            }
        }
    }

    #[test]
    fn only_levels_above_v1_execute_cpuid() {
        let has_cpuid = |goamd64| {
            render(&Config { goamd64 })
                .iter()
                .any(|s| s.text.contains("cpuid"))
        };
        assert!(!has_cpuid(GoAmd64::V1));
        assert!(has_cpuid(GoAmd64::V2));
    }

    #[test]
    fn the_entry_point_is_at_most_five_instructions() {
        let rt0 = &render(&Config {
            goamd64: GoAmd64::V1,
        })[0]
            .text;
        let body = rt0.split_once("_rt0_amd64_linux:\n").expect("label").1;
        let instructions = body
            .lines()
            .take_while(|l| !l.contains(".cfi_endproc"))
            .filter(|l| l.starts_with('\t') && !l.trim_start().starts_with('.'))
            .count();
        assert!((1..=5).contains(&instructions), "{instructions}");
    }

    #[test]
    fn a_level_names_itself_in_its_message() {
        let asm = &render(&Config {
            goamd64: GoAmd64::V3,
        })[1]
            .text;
        assert!(asm.contains("with v3 microarchitecture support."));
        assert!(asm.contains("xgetbv"));
    }
}
