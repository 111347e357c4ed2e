# Stops at every step of the boot and says where it is: gdb -q -batch -x walk.gdb BINARY
set pagination off
set debuginfod enabled off
set breakpoint pending off

break _rt0_amd64_linux
break runtime.rt0_go
break runtime.check
break runtime.args
break runtime.osinit
break runtime.schedinit
break runtime.newproc
break runtime.mstart
break runtime.main
break runtime.doInit
break main.main

define hook-stop
  printf "--> "
  info symbol $pc
end

run > /dev/null
continue 12
