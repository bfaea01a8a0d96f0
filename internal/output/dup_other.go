//go:build !unix

package output

import (
	"errors"
	"os"
)

// duplicate is for systems whose open files have names.
func duplicate(int, string) (*os.File, error) { return nil, errors.ErrUnsupported }
