// Command empty does nothing: what is measured is the way to main and out again.
package main

func main() {}
