"""Commands for goroutines: on a live process, and on a core file.

    info goroutines     lists all goroutines
    goroutine N CMD     runs a command of gdb's in the context of goroutine N
    goroutine all CMD   the same for all of them

Nothing is written to the process, and nothing is called in it. A goroutine that runs is looked at in its thread. One that does not has its registers
on its own stack: an unwinder says that it called what the selected thread is in, so that gdb finds its frames above the thread's innermost one, which
is hidden. What lies where is read from the program (`runtime.allgs`), so no debug information is needed for this.

gdb loads this from the program itself, if it may (`auto-load safe-path`); it can also be loaded with `source`.
"""

import re
import struct

import gdb
import gdb.frames
import gdb.unwinder

# What is left out when it is said where a goroutine is: the functions of the runtime and of the libraries below the program. Inlined functions may have
# names without paths; they are known by their files. Neither depends on where the compiler found the sources: in a checkout, in a registry's folder with a
# version in its name, in a toolchain of rustup's or in that of a distribution.
PLUMBING = re.compile(r"(rtlib|rtlib_runtime|rtlib_abi|core|alloc|std)::|.*<rtlib_runtime::|(sync\.)?runtime[._\[]|_?_?rust_|_rt0_|main\.main$")
PLUMBING_FILE = re.compile(
    r"(^|/)(rtlib/(runtime/|abi/)?|gobuild-rtlib(-runtime|-abi)?-[0-9][^/]*/)src/"
    r"|(^|/)rust(c(/[0-9a-f]+|-[0-9][^/]*)?)?/library/(alloc|core|std|panic_unwind|unwind)/"
)
# Another crate of a registry whose library is called `rtlib`.
NAMESAKE_FILE = re.compile(r"/rtlib-[0-9][^/]*/")
# Legacy names end with a hash; behind a crate in a v0 name gdb shows a number that tells versions apart: `rtlib[90c7d295db23273a]::go`.
HASH = re.compile(r"::h[0-9a-f]{16}$|\[[0-9a-f]+\](?=::)")
# What stands in a type before the first path: `<&mut dyn core::ops::FnOnce<()> as …>::call_once`.
BEFORE_PATH = re.compile(r"([<&\[(]|dyn |mut |\*const |\*mut )*")
CRATE = re.compile(r"\w+::")
# Goroutines that are looked at with one access to memory.
CHUNK = 64


class Memory:
    """Memory of the process, or of the core file."""

    def __init__(self):
        self.inferior = gdb.selected_inferior()

    def bytes(self, address, length):
        return self.inferior.read_memory(address, length).tobytes()

    def read(self, address, layout):
        return struct.unpack(layout, self.bytes(address, struct.calcsize(layout)))

    def word(self, address):
        return self.read(address, "<Q")[0]

    def table(self, slice):
        """The names and numbers of one of the runtime's tables."""
        start, length = self.read(slice, "<QQ")
        for entry in range(start, start + 24 * length, 24):
            name, size, number = self.read(entry, "<QQQ")
            yield self.bytes(name, size).decode() if size else "", number


class Goroutine:
    """A goroutine as its structure describes it."""

    def __init__(self, runtime, address):
        memory, at = runtime.memory, runtime.offsets
        self.runtime = runtime
        self.id = memory.word(address + at["g.goid"])
        self.status = memory.read(address + at["g.status"], "<I")[0]
        self.reason = memory.read(address + at["g.waitreason"], "<B")[0]
        self.waits_on = memory.word(address + at["g.waits_on"])
        self.stack = range(memory.word(address + at["g.stack_lo"]), memory.word(address + at["g.stack_hi"]))
        self.sp = memory.word(address + at["g.sp"])
        self.m = memory.word(address + at["g.m"])
        name = memory.read(address + at["g.name"], "<16s")[0].split(b"\0")[0]
        self.name = '"%s" ' % name.decode(errors="replace") if name else ""

    def status_name(self):
        return self.runtime.statuses.get(self.status, "unknown(%d)" % self.status)

    def is_alive(self):
        return self.id != 0 and self.status_name() not in ("idle", "dead")

    def wait_reason(self):
        if self.status_name() != "waiting":
            return ""
        reason = self.runtime.reasons.get(self.reason, "")
        direction = ("", "read", "write", "poll")[self.waits_on & 3]
        if reason == "IO wait" and direction:
            return "%s, %s fd %d" % (reason, direction, self.waits_on >> 2)
        return reason

    def thread(self, threads):
        """The thread that runs it, if one does."""
        for thread in threads:
            if thread.sp in self.stack:
                return thread
        if not self.m or self.status_name() not in ("running", "syscall"):
            return None
        # In a signal handler, on another stack. If it is in the scheduler's hands, the thread is on the scheduler's.
        tid = self.runtime.memory.read(self.m + self.runtime.offsets["m.tid"], "<I")[0]
        g0 = self.runtime.memory.word(self.m + self.runtime.offsets["m.g0"])
        g0_stack = Goroutine(self.runtime, g0).stack if g0 else ()
        for thread in threads:
            if thread.id == tid and thread.sp not in g0_stack:
                return thread
        return None

    def registers(self):
        """The saved ones, by name."""
        memory, context = self.runtime.memory, self.runtime.context
        saved = {name: memory.word(self.sp + offset) for name, offset in context.items()}
        saved["rsp"] = self.sp + 8 * len(context)
        return saved


class Thread:
    """A thread, and how far its stack reaches."""

    def __init__(self, thread):
        thread.switch()
        self.thread = thread
        self.id = thread.ptid[1]
        self.sp = int(gdb.newest_frame().read_register("rsp"))


class Runtime:
    """What the program says of itself."""

    def __init__(self):
        self.memory = Memory()
        self.main, self.arena, layout = self.memory.read(address_of("runtime.allgs"), "<QQQ")
        slices = [layout + 24 * i for i in range(4)]
        tables = [list(self.memory.table(slice)) for slice in slices]
        self.offsets = dict(tables[0])
        self.context = dict(tables[1])
        self.statuses = {number: name for name, number in tables[2]}
        self.reasons = {number: name for name, number in tables[3]}

    def goroutines(self):
        """Those that are alive, by their ids."""
        goroutines = (Goroutine(self, address) for address in self.addresses())
        return sorted((one for one in goroutines if one.is_alive()), key=lambda goroutine: goroutine.id)

    def addresses(self):
        """Where goroutines are that may be alive: the main one, and those of the arenas that have an id."""
        yield self.main
        memory, at = self.memory, self.offsets
        arena = self.arena
        while arena:
            gs, used = memory.word(arena + at["arena.gs"]), memory.word(arena + at["arena.used"])
            for first in range(0, used, CHUNK):
                count = min(CHUNK, used - first)
                start = gs + first * at["g.size"]
                bytes = memory.bytes(start, count * at["g.size"])
                for i in range(count):
                    if struct.unpack_from("<Q", bytes, i * at["g.size"] + at["g.goid"])[0]:
                        yield start + i * at["g.size"]
            arena = memory.word(arena + at["arena.next"])


def address_of(symbol):
    try:
        return int(re.search(r" 0x[0-9a-f]+", gdb.execute("info address " + symbol, to_string=True)).group(), 16)
    except (gdb.error, AttributeError):
        raise gdb.GdbError("%s is unknown: no program of cargo gobuild, or one without symbols" % symbol) from None


class ParkedUnwinder(gdb.unwinder.Unwinder):
    """Leads from the innermost frame of a thread to the frames of a goroutine."""

    def __init__(self):
        super().__init__("runtime.parked")
        self.registers = None
        self.innermost = None

    def __call__(self, pending):
        if self.registers is None or place_of(pending) != self.innermost:
            return None
        # As an id serves what lies below all frames of the goroutine: gdb expects each frame to lie above the one before.
        id = FrameId(self.registers["rsp"] - 8 * len(self.registers), self.innermost[1])
        unwound = pending.create_unwind_info(id)
        for name, value in self.registers.items():
            register = pending.read_register(name)
            unwound.add_saved_register(name, gdb.Value(value).cast(register.type))
        return unwound


class FrameId:
    """As gdb takes it from unwinders."""

    def __init__(self, sp, pc):
        self.sp = gdb.Value(sp)
        self.pc = gdb.Value(pc)


def place_of(frame):
    return int(frame.read_register("rsp")), int(frame.read_register("rip"))


class ParkedFilter:
    """Hides the thread's own frame from `bt`."""

    name = "runtime.parked"
    priority = 1000
    enabled = True

    def filter(self, frames):
        innermost = UNWINDER.innermost
        return (frame for frame in frames if place_of(frame.inferior_frame()) != innermost)


UNWINDER = ParkedUnwinder()
FILTER = ParkedFilter()


class Parked:
    """While this is entered, the frames of a goroutine that does not run are those of the selected thread."""

    def __init__(self, goroutine):
        self.registers = goroutine.registers()

    def __enter__(self):
        gdb.newest_frame().select()
        UNWINDER.innermost = place_of(gdb.newest_frame())
        UNWINDER.registers = self.registers
        gdb.frame_filters[FILTER.name] = FILTER
        gdb.invalidate_cached_frames()
        frame = gdb.newest_frame()
        while frame is not None and place_of(frame) == UNWINDER.innermost:
            frame = frame.older()
        if frame is not None:
            frame.select()

    def __exit__(self, *_):
        UNWINDER.registers = None
        del gdb.frame_filters[FILTER.name]
        gdb.invalidate_cached_frames()


class Selection:
    """Restores thread and frame when it is left."""

    def __enter__(self):
        self.thread = gdb.selected_thread()
        if self.thread is None:
            raise gdb.GdbError("No process and no core file.")
        self.level = gdb.selected_frame().level()

    def __exit__(self, *_):
        if not self.thread.is_valid():
            return
        self.thread.switch()
        frame = gdb.newest_frame()
        for _ in range(self.level):
            frame = frame.older() or frame
        frame.select()


def in_context(goroutine, threads, home, action):
    """Runs `action` where the goroutine's innermost frame is the selected one."""
    thread = goroutine.thread(threads)
    if thread is not None:
        thread.thread.switch()
        gdb.newest_frame().select()
        return action()
    home.switch()
    with Parked(goroutine):
        return action()


def where():
    """The function that the goroutine is in: the first one that is the program's own."""
    frame = gdb.selected_frame()
    innermost = None
    while frame is not None:
        name = frame.name() and closure(HASH.sub("", frame.name()))
        innermost = innermost or name or "%#x" % frame.pc()
        function = frame.function()
        symtab = frame.find_sal().symtab or function and function.symtab
        if name and frame.type() != gdb.SIGTRAMP_FRAME and not is_plumbing(name, symtab):
            return name
        frame = frame.older()
    return innermost


def is_plumbing(name, symtab):
    """Whether the function is not the program's. One of an implementation is the program's if the type is, or the trait."""
    paths = [path[BEFORE_PATH.match(path).end():] for path in type_and_trait(name)]
    paths = [path for path in paths if CRATE.match(path)]
    if paths and symtab and paths[0].startswith("rtlib::") and NAMESAKE_FILE.search(symtab.fullname()):
        return False
    if paths:
        return all(PLUMBING.match(path) for path in paths)
    return bool(PLUMBING.match(name) or symtab and PLUMBING_FILE.search(symtab.fullname()))


def closure(name):
    """The closure that a function only calls, where that is what its name says; else the name."""
    of = type_and_trait(name)
    return of[0] if of[0].endswith("}") and of[-1].startswith("core::ops::function::Fn") else name


def type_and_trait(name):
    """`T` and `U` of `<T as U>::f`, else the name."""
    depth = 0
    for at, char in enumerate(name if name.startswith("<") else ""):
        if char == "<":
            depth += 1
        elif char == ">" and name[at - 1] != "-":
            depth -= 1
        elif depth == 1 and name.startswith(" as ", at):
            return [name[1:at], name[at + len(" as "):]]
    return [name]


class GoroutinesCommand(gdb.Command):
    """List all goroutines: id, status, what it waits for, and the innermost function that is the program's own.
Those that run on a thread are marked with a star."""

    def __init__(self):
        super().__init__("info goroutines", gdb.COMMAND_STACK, gdb.COMPLETE_NONE)

    def invoke(self, arg, _from_tty):
        if arg:
            raise gdb.GdbError("Usage: info goroutines")
        with Selection():
            home = gdb.selected_thread()
            threads = [Thread(thread) for thread in gdb.selected_inferior().threads()]
            for goroutine in Runtime().goroutines():
                star = "*" if goroutine.thread(threads) else " "
                reason = goroutine.wait_reason()
                reason = "[%s] " % reason if reason else ""
                function = in_context(goroutine, threads, home, where)
                print("%s %d %-8s %s%s%s" % (star, goroutine.id, goroutine.status_name(), reason, goroutine.name, function))


def execute(command):
    try:
        gdb.execute(command)
    except gdb.error as error:
        raise gdb.GdbError(str(error)) from None


class GoroutineCommand(gdb.Command):
    """Run a command in the context of a goroutine, or of all of them.
Usage: goroutine ID COMMAND
       goroutine all COMMAND

The command is to look only: bt, frame, up, info locals, print. The frames of a goroutine that does not run are numbered after the
selected thread's innermost one."""

    def __init__(self):
        super().__init__("goroutine", gdb.COMMAND_STACK, gdb.COMPLETE_NONE)

    def invoke(self, arg, _from_tty):
        wanted, _, command = arg.strip().partition(" ")
        if not command.strip() or not (wanted == "all" or wanted.isdigit()):
            raise gdb.GdbError("Usage: goroutine ID COMMAND, or goroutine all COMMAND")
        with Selection():
            home = gdb.selected_thread()
            threads = [Thread(thread) for thread in gdb.selected_inferior().threads()]
            goroutines = Runtime().goroutines()
            if wanted != "all":
                goroutines = [one for one in goroutines if one.id == int(wanted)]
            if not goroutines:
                raise gdb.GdbError("No goroutine has the id %s." % wanted)
            for goroutine in goroutines:
                if wanted == "all":
                    reason = goroutine.wait_reason() or goroutine.status_name()
                    print("\nGoroutine %d [%s]:" % (goroutine.id, reason))
                in_context(goroutine, threads, home, lambda: execute(command))


gdb.unwinder.register_unwinder(None, UNWINDER, replace=True)
GoroutinesCommand()
GoroutineCommand()
