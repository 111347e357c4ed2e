# asm_amd64.s: the boot between the kernel's entry and the first Rust function. Rendered by cargo-gobuild for GOAMD64=@GOAMD64@.
#
# Go has the same steps in runtime/asm_amd64.s. Offsets are taken from rtlib-abi with offset_of! when this file is rendered.

	.set	g_stack_lo, @G_STACK_LO@
	.set	g_stack_hi, @G_STACK_HI@
	.set	g_m, @G_M@
	.set	m_g0, @M_G0@

# _rt0_amd64: the first entry, for the kernel.
#	in	0(rsp) = argc, 8(rsp) = argv, rdx = function for atexit
#	does	lets libc initialise itself (TLS, stdio, constructors); libc then calls its `main` argument, which is the second
#		entry: runtime.rt0_go. Does not return.
	.text
	.globl	_rt0_amd64
	.type	_rt0_amd64, @function
	.p2align 4
_rt0_amd64:
	.cfi_startproc
	.cfi_undefined rip
	xorl	%ebp, %ebp			# psABI: the outermost frame
	movq	%rdx, %r9			# rtld_fini
	movq	0(%rsp), %rsi			# argc
	leaq	8(%rsp), %rdx			# argv
	andq	$-16, %rsp
	pushq	%rax				# keeps the call aligned
	pushq	%rsp				# stack_end
	xorl	%r8d, %r8d			# fini: none
	xorl	%ecx, %ecx			# init: none
	leaq	runtime.rt0_go(%rip), %rdi
	call	__libc_start_main
	hlt
	.cfi_endproc
	.size	_rt0_amd64, .-_rt0_amd64

# runtime.rt0_go: binds m0 and g0 and calls the runtime's boot.
#	in	edi = argc, rsi = argv, on the process stack; FS base = the main thread's TLS block
#	does	not return
#	frame	(16-byte aligned)   0  argc   8  argv
	.globl	runtime.rt0_go
	.type	runtime.rt0_go, @function
	.p2align 4
runtime.rt0_go:
	.cfi_startproc
	.cfi_undefined rip
	xorl	%ebp, %ebp
	subq	$24, %rsp
	andq	$-16, %rsp
	movslq	%edi, %rdi
	movq	%rdi, 0(%rsp)
	movq	%rsi, 8(%rsp)

	# g0 runs on the process stack for now; schedinit gives it one of its own and the main goroutine gets this one.
	leaq	runtime.g0(%rip), %rdi
	leaq	-64*1024(%rsp), %rbx
	movq	%rbx, g_stack_lo(%rdi)
	movq	%rsp, g_stack_hi(%rdi)
@CPU_CHECK@
	# g0 <-> m0, and g0 into thread-local storage
	leaq	runtime.g0(%rip), %rcx
	leaq	runtime.m0(%rip), %rax
	movq	%rcx, %fs:runtime.tls_g@tpoff
	movq	%rcx, m_g0(%rax)
	movq	%rax, g_m(%rcx)

	cld					# convention is D is always left cleared
	call	runtime.check
	movl	0(%rsp), %edi
	movq	8(%rsp), %rsi
	call	runtime.args
	call	runtime.osinit
	call	runtime.schedinit

	# create a goroutine that runs runtime.main
	leaq	runtime.mainPC(%rip), %rdi
	call	runtime.newproc

	# start this M; never returns
	call	runtime.mstart
	call	runtime.abort
	hlt
	.cfi_endproc
	.size	runtime.rt0_go, .-runtime.rt0_go

	.section .note.GNU-stack,"",@progbits
