// Package cli holds the parts that both programs share around their command
// trees: the streams a command may use, exit codes, the main loop with its
// signal handling, environment variables as flags, the flags of output,
// completion and version.
//
// It may import cobra and package printer; never a client, a view or a file
// format.
package cli
