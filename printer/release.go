package printer

import "fmt"

// Release is the release of upstream's programs whose shapes are printed where
// they differ.
type Release int

// The releases there are. Default has the shapes of 3.7 but for its tables,
// which keep the ASCII borders of every release before.
const (
	Default Release = iota
	V35
	V36
	V37
)

// releases are the names of the releases and the newest version of each that
// is followed.
func releases() map[Release]struct{ name, version string } {
	return map[Release]struct{ name, version string }{
		V35: {"3.5", "3.5.33"},
		V36: {"3.6", "3.6.16"},
		V37: {"3.7", "3.7.3"},
	}
}

// Releases returns the names that ParseRelease takes.
func Releases() []string { return []string{"3.5", "3.6", "3.7"} }

// ParseRelease reads the value of --compat: "3.5", "3.6", "3.7", or "" for the
// default.
func ParseRelease(name string) (Release, error) {
	if name == "" {
		return Default, nil
	}
	for r, is := range releases() {
		if is.name == name {
			return r, nil
		}
	}
	return Default, fmt.Errorf("unsupported release %q for --compat: it is none of %v", name, Releases())
}

// Before tells whether r has the shapes of a release older than other.
func (r Release) Before(other Release) bool { return r != Default && r < other }

// Version returns the version of upstream's programs that r stands for, such
// as "3.7.3", and that of the API, such as "3.7".
func (r Release) Version() (program, api string) {
	if r == Default {
		r = V37
	}
	is := releases()[r]
	return is.version, is.name
}
