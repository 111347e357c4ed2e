
	# GOAMD64=@GOAMD64@: the compiler was told that these features are there. Each CPUID traps in a virtual machine (microseconds), so
	# only the leaves that this level needs are asked for, and GOAMD64=v1 renders no check at all.
	movl	$0x1, %eax
	xorl	%ecx, %ecx
	cpuid
	andl	$@FEATURES_1_CX@, %ecx
	cmpl	$@FEATURES_1_CX@, %ecx
	jne	.Lbad_cpu
	movl	$0x80000001, %eax
	cpuid
	andl	$@FEATURES_EXT_CX@, %ecx
	cmpl	$@FEATURES_EXT_CX@, %ecx
	jne	.Lbad_cpu
@CPU_CHECK_V3@	jmp	.Lgood_cpu
.Lbad_cpu:					# write(2, message); exit_group(1)
	movl	$1, %eax
	movl	$2, %edi
	leaq	.Lbad_cpu_msg(%rip), %rsi
	movl	$(.Lbad_cpu_end - .Lbad_cpu_msg), %edx
	syscall
	movl	$231, %eax
	movl	$1, %edi
	syscall
	hlt
	.section .rodata
.Lbad_cpu_msg:
	.ascii	"This program can only be run on AMD64 processors with @GOAMD64@ microarchitecture support.\n"
.Lbad_cpu_end:
	.text
.Lgood_cpu:
