//go:build !linux

package cli

import "io"

// roomy returns w: only Linux lets a program say how much a pipe holds.
func roomy(w io.Writer) io.Writer { return w }
