/* A stand-in for the runtime: enters where the real one does, runs the tables as the real one does, and says on standard output
 * what it ran. It knows the layouts from the documentation alone, not from the Rust code, so that a mistake there shows. */

typedef unsigned int u32;
typedef unsigned long u64;

struct str { const char *ptr; u64 len; };
struct slice { void *ptr; u64 len, cap; };
struct task { u32 state, nfns; void (*fns[])(void); };
struct fninfo { struct str name, file; u32 line, kind; };
struct taskinfo { struct task *task; struct str package, version; struct fninfo *fns; };
struct moduledata {
	u32 abi_version, flags;
	struct slice inittasks, taskinfo;
	struct str buildinfo;
	u64 stack_size;
	u32 goamd64, reserved;
};

extern struct moduledata module __asm__("runtime.firstmoduledata");
extern struct slice runtime_tasks __asm__("runtime.runtime_inittasks");
void main_main(void) __asm__("main.main");
void runtime_main(void) __asm__("runtime.main");
void runtime_init_0(void) __asm__("runtime.init.0");

static long syscall3(long number, long a, long b, long c)
{
	long result;
	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return result;
}

void say(const char *text, u64 len) { syscall3(1, 1, (long)text, len); }
static void say_str(struct str s) { say(s.ptr, s.len); }

static void run(struct task **tasks, u64 count, struct taskinfo *info)
{
	for (u64 i = 0; i < count; i++) {
		struct task *task = tasks[i];
		if (task != info[i].task || task->state != 0)
			syscall3(231, 3, 0, 0);
		task->state = 1;
		for (u32 f = 0; f < task->nfns; f++) {
			say_str(info[i].package);
			say(" ", 1);
			say_str(info[i].fns[f].name);
			say(":", 1);
			task->fns[f]();
			say("\n", 1);
		}
		task->state = 2;
	}
}

void runtime_init_0(void) {}

void runtime_main(void)
{
	struct taskinfo *info = module.taskinfo.ptr;
	run(runtime_tasks.ptr, runtime_tasks.len, info);
	run(module.inittasks.ptr, module.inittasks.len, info + runtime_tasks.len);
	main_main();
	syscall3(231, 0, 0, 0);
}

__asm__(
	".globl _rt0_amd64_linux\n"
	".type _rt0_amd64_linux, @function\n"
	"_rt0_amd64_linux:\n"
	"	andq $-16, %rsp\n"
	"	movq runtime.mainPC(%rip), %rax\n"
	"	callq *%rax\n"
	"	ud2\n"
	".size _rt0_amd64_linux, .-_rt0_amd64_linux\n");
