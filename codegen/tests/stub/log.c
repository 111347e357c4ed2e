/* Init function of another package, in another member of the archive. */
void say(const char *text, unsigned long len);
void log_open(void) __asm__("log.sink.open.init.2b");
void log_open(void) { say(" open", 5); }
