/* The program's own main. */
void say(const char *text, unsigned long len);
int main(void)
{
	say("main\n", 5);
	return 0;
}
