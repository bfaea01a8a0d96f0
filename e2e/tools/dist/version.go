package main

import (
	"regexp"
	"time"
)

// version is the version of the packages. Distributions compare its parts.
type version struct {
	number     string // 0.2.0
	prerelease string // before that number
	commits    string // after that number, "5.gabc1234"
}

// describe matches what "git describe" prints after a tag.
var describe = regexp.MustCompile(`^v?(\d+\.\d+\.\d+)(?:-(\d+)-(g[0-9a-f]+))?(?:-dirty)?$`)

// versionOf returns the version for what "git describe --tags --always" prints.
// Without a tag it is older than every release, and grows with the time of the commit.
func versionOf(stamp string, at time.Time) version {
	m := describe.FindStringSubmatch(stamp)
	switch {
	case m == nil:
		return version{number: "0.0.0", prerelease: "git" + at.Format("20060102150405")}
	case m[2] != "":
		return version{number: m[1], commits: m[2] + "." + m[3]}
	}
	return version{number: m[1]}
}

// String is the version in names of files.
func (v version) String() string {
	s := v.number
	if v.prerelease != "" {
		s += "-" + v.prerelease
	}
	if v.commits != "" {
		s += "+" + v.commits
	}
	return s
}
