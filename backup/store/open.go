package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Options says how to reach a store. The comment of a field is its help.
type Options struct {
	// Endpoint is the URL of the S3 server; without one, AWS is used
	Endpoint string
	// Region is the region of the S3 bucket
	Region string
	// PathStyle puts the bucket's name into the path of S3 requests instead of the host name
	PathStyle bool
	// CAFile verifies the S3 server's certificate with the CAs in this file
	CAFile string

	// Env is the environment, "NAME=value": credentials for S3, and what a
	// program for command: is given.
	Env []string
	// S3 opens the locations that begin with s3://. A program without an S3
	// client has none.
	S3 Opener
}

// Opener opens the store at a location.
type Opener func(ctx context.Context, location string, o Options) (Store, error)

// Getenv returns the value of a variable, the last one if there are several, or "".
func (o Options) Getenv(name string) string {
	for i := len(o.Env) - 1; i >= 0; i-- {
		if key, value, _ := strings.Cut(o.Env[i], "="); key == name {
			return value
		}
	}
	return ""
}

// kinds of locations, for messages.
const kinds = "give a directory, s3://BUCKET/PREFIX or command:PROGRAM"

// Open returns the store at a location: the path of a directory,
// s3://BUCKET/PREFIX or command:PROGRAM. It may be missing. The caller closes
// the store.
func Open(ctx context.Context, location string, o Options) (Store, error) {
	if program, ok := strings.CutPrefix(location, commandScheme); ok {
		if program == "" {
			return nil, errors.New("command: names no program: give command:PROGRAM")
		}
		return NewCommand(program, o.Env), nil
	}
	scheme, _, hasScheme := strings.Cut(location, "://")
	switch {
	case location == "":
		return nil, errors.New("no repository: " + kinds)
	case scheme == "s3" && o.S3 == nil:
		return nil, fmt.Errorf("%s: this program can't open S3 buckets", location)
	case scheme == "s3":
		return o.S3(ctx, location, o)
	case hasScheme && !strings.ContainsAny(scheme, `/\`):
		return nil, fmt.Errorf("%s: unknown kind of repository: %s", location, kinds)
	}
	return NewDir(location), nil
}
