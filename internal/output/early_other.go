//go:build !linux

package output

import "os"

// Reserve does nothing here.
func Reserve(*os.File, int64) error { return nil }

// StartWriting does nothing here.
func StartWriting(*os.File, int64, int64) {}
