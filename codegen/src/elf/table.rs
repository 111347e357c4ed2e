//! Decodes the tables behind `runtime.firstmoduledata`.
//!
//! Each list is read in one piece that must lie inside one segment of the file, before anything is allocated for its elements; so a count cannot
//! ask for more than the file has. Tables are followed downwards only (root, task, function, string): there are no cycles to run into.

use std::mem::offset_of;

use object::read::ReadRef;
use rtlib_abi::ABI_VERSION;
use rtlib_abi::layout::{
    FLAG_HOSTED, FLAG_MALLOC_RUNTIME, FLAG_STD_GOROUTINES, FN_INIT, FN_VAR, FnInfo,
    INIT_NOT_STARTED, InitTask, ModuleData, Slice, Str, TaskInfo,
};
use rtlib_abi::symbol::{MAIN_INITTASKS, MODULE_DATA};

use super::bytes::Bytes;
use super::error::ElfError;
use super::image::{Access, Image};
use crate::buildinfo::{Malloc, Mode, Std};
use crate::model::InitKind;

const POINTER: usize = size_of::<u64>();

/// The root table.
pub(super) struct Root<'data> {
    /// What the program stands on.
    pub(super) mode: Mode,
    /// Build information, JSON.
    pub(super) build_info: &'data str,
    /// What std's threads are.
    pub(super) std: Std,
    /// Whose malloc it has.
    pub(super) malloc: Malloc,
    /// Default stack size.
    pub(super) stack_size: u64,
    /// GOAMD64 level.
    pub(super) goamd64: u32,
    /// All tasks, the runtime's first.
    pub(super) tasks: Vec<Task<'data>>,
}

/// One inittask and what is known of it.
pub(super) struct Task<'data> {
    pub(super) address: u64,
    pub(super) runtime: bool,
    pub(super) package: &'data str,
    pub(super) version: &'data str,
    pub(super) functions: Vec<Function<'data>>,
}

/// One function of it.
pub(super) struct Function<'data> {
    pub(super) address: u64,
    pub(super) kind: InitKind,
    pub(super) name: &'data str,
    pub(super) file: &'data str,
    pub(super) line: u32,
}

/// Reads the tables of a program.
pub(super) struct Reader<'image, R> {
    image: &'image Image<R>,
}

/// The flags of a program whose threads are goroutines.
const HOSTED_ON_GOROUTINES: u32 = FLAG_HOSTED | FLAG_STD_GOROUTINES;

impl<'image, 'data, R: ReadRef<'data>> Reader<'image, R> {
    pub(super) fn new(image: &'image Image<R>) -> Self {
        Self { image }
    }

    /// Everything behind the root table at `address`.
    pub(super) fn root(&self, address: u64) -> Result<Root<'data>, ElfError> {
        let root = Bytes::new(self.image.memory(
            MODULE_DATA,
            address,
            size_of::<ModuleData>() as u64,
        )?);
        let found = root.u32(offset_of!(ModuleData, abi_version));
        if found != ABI_VERSION {
            return Err(ElfError::AbiVersion { found });
        }
        let flags = root.u32(offset_of!(ModuleData, flags));
        let malloc = match flags & FLAG_MALLOC_RUNTIME {
            0 => Malloc::Libc,
            _ => Malloc::Runtime,
        };
        let (mode, std) = match flags & !FLAG_MALLOC_RUNTIME {
            FLAG_HOSTED => (Mode::Hosted, Std::Threads),
            HOSTED_ON_GOROUTINES => (Mode::Hosted, Std::Goroutines),
            _ => return Err(value("the flags word of runtime.firstmoduledata", flags)),
        };
        Ok(Root {
            mode,
            std,
            malloc,
            build_info: self.text(
                "the build information",
                root,
                offset_of!(ModuleData, buildinfo),
            )?,
            stack_size: root.u64(offset_of!(ModuleData, stack_size)),
            goamd64: root.u32(offset_of!(ModuleData, goamd64)),
            tasks: self.tasks(root)?,
        })
    }

    fn tasks(&self, root: Bytes<'data>) -> Result<Vec<Task<'data>>, ElfError> {
        let order = self.slice(
            MAIN_INITTASKS,
            root,
            offset_of!(ModuleData, inittasks),
            POINTER,
        )?;
        let info = self.slice(
            "runtime.taskinfo",
            root,
            offset_of!(ModuleData, taskinfo),
            size_of::<TaskInfo>(),
        )?;
        let mut tasks = info
            .chunks(size_of::<TaskInfo>())
            .map(|info| self.task(info))
            .collect::<Result<Vec<_>, _>>()?;

        let order: Vec<u64> = order.chunks(POINTER).map(|word| word.u64(0)).collect();
        let runtime = tasks.len().checked_sub(order.len());
        let ours = runtime
            .and_then(|runtime| tasks.get_mut(runtime..))
            .unwrap_or_default();
        if runtime.is_none() || !ours.iter().map(|task| task.address).eq(order) {
            let what = format!(
                "the tasks of {MAIN_INITTASKS} are not those that runtime.taskinfo describes"
            );
            return Err(ElfError::Disagree(what));
        }
        ours.iter_mut().for_each(|task| task.runtime = false);
        Ok(tasks)
    }

    /// One task; `runtime` until the caller knows better.
    fn task(&self, info: Bytes<'data>) -> Result<Task<'data>, ElfError> {
        let package = self.name(
            "the package of an inittask",
            info,
            offset_of!(TaskInfo, package),
        )?;
        let version = self.name(
            "the version of an inittask",
            info,
            offset_of!(TaskInfo, version),
        )?;
        let address = info.u64(offset_of!(TaskInfo, task));
        let what = format!("the inittask of package `{package}`");
        let head = Bytes::new(
            self.image
                .memory(&what, address, size_of::<InitTask>() as u64)?,
        );
        let state = head.u32(offset_of!(InitTask, state));
        if state != INIT_NOT_STARTED {
            return Err(value(&format!("the state word of {what}"), state));
        }
        let count = head.u32(offset_of!(InitTask, nfns));
        let first = address.saturating_add(size_of::<InitTask>() as u64);
        let code = self.array(&what, first, u64::from(count), POINTER)?;
        let infos = self.array(
            &what,
            info.u64(offset_of!(TaskInfo, fns)),
            u64::from(count),
            size_of::<FnInfo>(),
        )?;
        self.image
            .require(&what, address, size_of::<InitTask>() as u64, Access::Write)?;
        let pairs = code.chunks(POINTER).zip(infos.chunks(size_of::<FnInfo>()));
        let functions = pairs
            .map(|(code, info)| self.function(code.u64(0), info))
            .collect::<Result<_, _>>()?;
        Ok(Task {
            address,
            runtime: true,
            package,
            version,
            functions,
        })
    }

    fn function(&self, address: u64, info: Bytes<'data>) -> Result<Function<'data>, ElfError> {
        let name = self.name(
            "the name of an init function",
            info,
            offset_of!(FnInfo, name),
        )?;
        let kind = match info.u32(offset_of!(FnInfo, kind)) {
            FN_INIT => InitKind::Init,
            FN_VAR => InitKind::Var,
            other => return Err(value(&format!("the kind of init function `{name}`"), other)),
        };
        self.image.require(
            &format!("init function `{name}`"),
            address,
            1,
            Access::Execute,
        )?;
        let file = self.name(
            "the file of an init function",
            info,
            offset_of!(FnInfo, file),
        )?;
        Ok(Function {
            address,
            kind,
            name,
            file,
            line: info.u32(offset_of!(FnInfo, line)),
        })
    }

    /// The elements of the [`Slice`] at `offset` of a structure.
    fn slice(
        &self,
        what: &str,
        of: Bytes<'data>,
        offset: usize,
        element: usize,
    ) -> Result<Bytes<'data>, ElfError> {
        let len = of.u64(offset + offset_of!(Slice<u8>, len));
        if of.u64(offset + offset_of!(Slice<u8>, cap)) != len {
            return Err(ElfError::Disagree(format!(
                "length and capacity of {what} differ"
            )));
        }
        self.array(
            what,
            of.u64(offset + offset_of!(Slice<u8>, ptr)),
            len,
            element,
        )
    }

    /// `count` elements of `element` bytes at `address`; an empty array may be anywhere.
    fn array(
        &self,
        what: &str,
        address: u64,
        count: u64,
        element: usize,
    ) -> Result<Bytes<'data>, ElfError> {
        if count == 0 {
            return Ok(Bytes::new(&[]));
        }
        self.image
            .memory(what, address, count.saturating_mul(element as u64))
            .map(Bytes::new)
    }

    /// The text of the [`Str`] at `offset` of a structure.
    fn text(&self, what: &str, of: Bytes<'data>, offset: usize) -> Result<&'data str, ElfError> {
        let address = of.u64(offset + offset_of!(Str, ptr));
        let bytes = self.array(what, address, of.u64(offset + offset_of!(Str, len)), 1)?;
        str::from_utf8(bytes.all()).map_err(|_| ElfError::Text {
            what: what.to_owned(),
            address,
        })
    }

    /// As [`text`](Self::text), and fit to be printed on one line.
    fn name(&self, what: &str, of: Bytes<'data>, offset: usize) -> Result<&'data str, ElfError> {
        let text = self.text(what, of, offset)?;
        if text.contains(char::is_control) {
            let address = of.u64(offset + offset_of!(Str, ptr));
            return Err(ElfError::Text {
                what: what.to_owned(),
                address,
            });
        }
        Ok(text)
    }
}

fn value(what: &str, found: u32) -> ElfError {
    ElfError::Value {
        what: what.to_owned(),
        found: u64::from(found),
    }
}
