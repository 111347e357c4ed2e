# rt0_linux_amd64.s: where the kernel enters the program (e_entry).
#
# Rendered by cargo-gobuild; gdb shows this file. Go has the same file: runtime/rt0_linux_amd64.s.
#
#	in	rsp -> argc, argv[0..argc], NULL, envp.., NULL, auxv..   (System V psABI, "Initial Stack and Register State")
#		rdx = function for atexit, 0 in a static program
#	out	everything unchanged, at _rt0_amd64

	.text
	.globl	_rt0_amd64_linux
	.type	_rt0_amd64_linux, @function
	.p2align 4
_rt0_amd64_linux:
	.cfi_startproc
	.cfi_undefined rip
	jmp	_rt0_amd64
	.cfi_endproc
	.size	_rt0_amd64_linux, .-_rt0_amd64_linux

	.section .note.GNU-stack,"",@progbits
