//! What the expansions of `#[init]`, `#[var]` and `select!` use. Not public API: anything here may change with any version.
//!
//! Expansions name the module by the ABI version that their macros were built for, so an `rtlib` of another one does not compile.

/// Behind an item with `#[init]` or `#[var]`: the function that runs it, exported under a symbol of its own, and a record that names it.
///
/// The expansion of an attribute calls this because all paths here begin with `$crate`: whatever the crate of the item has named `core` or `rtlib`, nothing that is `unsafe` depends on it.
///
/// `$run` and `$record` are names, which are not hygienic, that are not the item's.
#[doc(hidden)]
#[macro_export]
macro_rules! __entry_v1 {
    (init $name:ident $($rest:tt)*) => {
        $crate::__entry_v1! { @ "init", $crate::__private::v1::run_init($name), $($rest)* }
    };
    (var $name:ident $($rest:tt)*) => {
        $crate::__entry_v1! { @ "var", $crate::__private::v1::init_var(&$name), $($rest)* }
    };
    (
        @ $kind:literal, $body:expr, $run:ident $record:ident
        $package:literal $version:literal $krate:literal $name:literal $middle:literal
    ) => {
        #[unsafe(export_name = $crate::__entry_symbol_v1!($middle))]
        extern "C" fn $run() {
            $body
        }

        #[used]
        #[unsafe(link_section = ".gobuild.init")]
        static $record: [$crate::__private::v1::core::primitive::u8; $crate::__private::v1::record_len(
            $crate::__entry_record_v1!($kind $package $version $krate $name $middle),
        )] = $crate::__private::v1::record($crate::__entry_record_v1!(
            $kind $package $version $krate $name $middle
        ));
    };
}

/// In the place of a static with `#[stamp]`: the static; the word that it reads, which is defined weakly with the default, so that the tool's wins; and a record that names the word.
///
/// The weak definition is assembly, because stable Rust has none. It makes the value unknown to the compiler, which would put the default everywhere otherwise.
#[doc(hidden)]
#[macro_export]
macro_rules! __stamp_v1 {
    (
        [$($attr:tt)*] [$($condition:tt)*] [$($vis:tt)*] $name:ident $value:ident [$ty:ty] [$default:expr]
        $record:ident $package:literal $version:literal $krate:literal $named:literal $middle:literal
    ) => {
        $($attr)*
        $($vis)* static $name: $crate::Stamp = {
            unsafe extern "C" {
                #[link_name = $crate::__entry_symbol_v1!($middle)]
                static CURRENT: &'static $crate::__private::v1::Text;
            }
            // SAFETY: the definition below, or the tool's; both are constant.
            unsafe { $crate::__private::v1::stamp(&raw const CURRENT) }
        };

        $($condition)*
        static $value: $crate::__private::v1::Text = $crate::__private::v1::text({
            const DEFAULT: $ty = $default;
            DEFAULT
        });

        $($condition)*
        $crate::__private::v1::core::arch::global_asm!(
            ".pushsection .data.rel.ro.rtlib_stamp,\"aw\",@progbits",
            $crate::__private::v1::core::concat!(".weak \"", $crate::__entry_symbol_v1!($middle), "\""),
            $crate::__private::v1::core::concat!(".type \"", $crate::__entry_symbol_v1!($middle), "\",@object"),
            $crate::__private::v1::core::concat!(".size \"", $crate::__entry_symbol_v1!($middle), "\", 8"),
            ".balign 8",
            $crate::__private::v1::core::concat!("\"", $crate::__entry_symbol_v1!($middle), "\":"),
            ".quad {default}",
            ".popsection",
            default = sym $value,
        );

        $($condition)*
        const _: () = {
            #[used]
            #[unsafe(link_section = ".gobuild.stamp")]
            static $record: [$crate::__private::v1::core::primitive::u8; $crate::__private::v1::record_len(
                $crate::__entry_record_v1!("stamp" $package $version $krate $named $middle),
            )] = $crate::__private::v1::record($crate::__entry_record_v1!(
                "stamp" $package $version $krate $named $middle
            ));
        };
    };
}

/// `<module path>.<name>.init.<hash>.<line>.<column>.<whether cfg(test) holds>`.
#[doc(hidden)]
#[macro_export]
macro_rules! __entry_symbol_v1 {
    ($middle:literal) => {
        $crate::__private::v1::core::concat!(
            $crate::__private::v1::core::module_path!(),
            $middle,
            $crate::__private::v1::core::line!(),
            ".",
            $crate::__private::v1::core::column!(),
            ".",
            $crate::__private::v1::core::cfg!(test)
        )
    };
}

/// A record's body: the fields in the order of `rtlib_abi::record::Field`.
#[doc(hidden)]
#[macro_export]
macro_rules! __entry_record_v1 {
    ($kind:literal $package:literal $version:literal $krate:literal $name:literal $middle:literal) => {
        $crate::__private::v1::core::concat!(
            $kind,
            "\0",
            $package,
            "\0",
            $version,
            "\0",
            $krate,
            "\0",
            $crate::__private::v1::core::module_path!(),
            "\0",
            $name,
            "\0",
            $crate::__private::v1::core::file!(),
            "\0",
            $crate::__private::v1::core::line!(),
            "\0",
            $crate::__private::v1::core::column!(),
            "\0",
            $crate::__entry_symbol_v1!($middle),
            "\0",
            $crate::__private::v1::core::cfg!(test)
        )
    };
}

/// The macros above and these tables must agree.
const _: () = {
    use rtlib_abi::record::KIND_STAMP;
    use rtlib_abi::record::{FIELDS, Field, KIND_INIT, KIND_VAR};
    use rtlib_abi::symbol::{RECORD_SECTION, STAMP_SECTION};

    const fn is(a: &str, b: &str) -> bool {
        let (a, b) = (a.as_bytes(), b.as_bytes());
        let mut i = 0;
        while i < a.len() && i < b.len() && a[i] == b[i] {
            i += 1;
        }
        i == a.len() && i == b.len()
    }

    assert!(is(RECORD_SECTION, ".gobuild.init") && is(KIND_INIT, "init") && is(KIND_VAR, "var"));
    assert!(is(STAMP_SECTION, ".gobuild.stamp") && is(KIND_STAMP, "stamp"));
    assert!(FIELDS == 11);
    assert!(
        Field::Kind as usize == 0 && Field::Package as usize == 1 && Field::Version as usize == 2
    );
    assert!(Field::Crate as usize == 3 && Field::Module as usize == 4 && Field::Name as usize == 5);
    assert!(Field::File as usize == 6 && Field::Line as usize == 7 && Field::Column as usize == 8);
    assert!(Field::Symbol as usize == 9 && Field::Test as usize == 10);
};

/// For expansions of macros with ABI version 1.
pub mod v1 {
    pub use crate::__entry_v1 as entry;
    pub use crate::__stamp_v1 as stamp;
    pub use crate::stamp::Text;
    pub use core;

    #[cfg(feature = "std")]
    pub use crate::chan::arm::{Arm, Patience, Slot, choose, nothing};
    #[cfg(feature = "std")]
    pub use crate::chan::{Receiver, Sender};
    pub use rtlib_macros::select_arms;

    use crate::{Stamp, Var, init};
    use rtlib_abi::record;

    const _: () = assert!(
        rtlib_abi::ABI_VERSION == 1,
        "this module is named after the ABI version"
    );

    /// How many bytes the record with this body takes.
    #[must_use]
    pub const fn record_len(body: &str) -> usize {
        record::HEADER_LEN + body.len()
    }

    /// The record with this body.
    #[must_use]
    pub const fn record<const N: usize>(body: &str) -> [u8; N] {
        record::encode(body)
    }

    /// The default of a stamp.
    #[must_use]
    pub const fn text(text: &'static str) -> Text {
        Text::of(text)
    }

    /// A stamp that reads a word.
    ///
    /// # Safety
    /// The word is constant and always there.
    #[must_use]
    pub const unsafe fn stamp(current: *const &'static Text) -> Stamp {
        // SAFETY: by the condition of this function.
        unsafe { Stamp::reading(current) }
    }

    /// Runs an init function.
    pub fn run_init(function: fn()) {
        init::run(function);
    }

    /// A package variable that is not initialised yet.
    #[must_use]
    pub const fn var<T>(
        initialiser: fn() -> T,
        name: &'static str,
        file: &'static str,
        line: u32,
    ) -> Var<T> {
        Var::new(initialiser, name, file, line)
    }

    /// Initialises a package variable.
    pub fn init_var<T>(var: &'static Var<T>) {
        init::run(|| var.initialise());
    }
}
