//go:build !linux

package output

import "errors"

// renameNoReplace is for systems that have such a call.
func renameNoReplace(string, string) error { return errors.ErrUnsupported }
