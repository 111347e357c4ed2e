# Goes through the boot and names every step as it is reached: gdb -q -batch -x walk.gdb BINARY
set pagination off
set debuginfod enabled off
set print thread-events off
set auto-load python-scripts off
# Or gdb takes `runtime.check` for a mangled name.
set print demangle off

break _rt0_amd64_linux
break _rt0_amd64
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
commands 1-12
  silent
  info symbol $pc
  continue
end

run > /dev/null
