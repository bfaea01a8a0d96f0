//go:build !unix

package store

import "os/exec"

// ownGroup makes only the program itself be killed.
func ownGroup(cmd *exec.Cmd) { cmd.Cancel = func() error { return cmd.Process.Kill() } }
