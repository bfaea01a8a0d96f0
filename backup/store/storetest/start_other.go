//go:build !linux

package storetest

import "os/exec"

func start(cmd *exec.Cmd) error { return cmd.Start() }
