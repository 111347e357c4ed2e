/* Init functions of one package; each object file of them lies in an archive that nothing but the inittask table refers to. */
void say(const char *text, unsigned long len);
void config_level(void) __asm__("config.LEVEL.var.0f");
void config_level(void) { say(" level", 6); }
void config_load(void) __asm__("config.load.init.1a");
void config_load(void) { say(" load", 5); }
