// Package cli holds what both programs share around their command trees: the
// streams a command may touch, exit codes, the main loop with its signal
// handling, environment variables as flags, completion and version.
//
// It may import cobra and the standard library only; never a client, a file
// format or a printer.
package cli
