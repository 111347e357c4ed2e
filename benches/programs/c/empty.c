/* Nothing: what is measured is the way to main and out again, in a static program of glibc's. */
int main(void) { return 0; }
