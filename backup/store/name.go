package store

import (
	"fmt"
	"strings"
)

// maxName is how long a name may be: with a prefix and a temporary suffix it
// fits S3's 1024 bytes, and each part the 255 of a file name.
const (
	maxName = 700
	maxPart = 200
)

// CheckName reports why a name can't be the name of an object, as an ErrBadName:
// it has parts separated by single slashes; a part has ASCII letters, digits and
// "-", "_", ".", at most 200 of them, and does not begin or end with a
// dot. So every store, every file system and every shell can have it as it is.
func CheckName(name string) error {
	bad := func(why string) error { return fmt.Errorf("%w: %.80q %s", ErrBadName, name, why) }
	if len(name) > maxName {
		return bad(fmt.Sprintf("is longer than %d bytes", maxName))
	}
	for part := range strings.SplitSeq(name, "/") {
		switch {
		case part == "":
			return bad("has an empty part")
		case len(part) > maxPart:
			return bad(fmt.Sprintf("has a part longer than %d bytes", maxPart))
		case part[0] == '.' || part[len(part)-1] == '.':
			return bad("has a part that begins or ends with a dot")
		}
		for i := range len(part) {
			if !nameByte(part[i]) {
				return bad(fmt.Sprintf("contains %q", part[i]))
			}
		}
	}
	return nil
}

func nameByte(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || strings.IndexByte("-_.", b) >= 0
}
