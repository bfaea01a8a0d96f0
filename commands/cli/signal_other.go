//go:build !unix

package cli

import "os"

// raise does nothing where a process can't end itself by a signal.
func raise(os.Signal) {}
