	movl	$0x7, %eax
	xorl	%ecx, %ecx
	cpuid
	andl	$@FEATURES_7_BX@, %ebx
	cmpl	$@FEATURES_7_BX@, %ebx
	jne	.Lbad_cpu
	xorl	%ecx, %ecx			# and the operating system must save the registers: XCR0
	xgetbv
	andl	$@XCR0@, %eax
	cmpl	$@XCR0@, %eax
	jne	.Lbad_cpu
