// Package repository is what the commands of both programs share to read a
// repository of backups: flags, identities, moments, and the exit codes of errors.
package repository

import (
	"context"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"etcdkit/backup"
	"etcdkit/backup/increment"
	"etcdkit/backup/store"
	"etcdkit/backup/store/remote"
	"etcdkit/commands/cli"
)

// Is reports whether a location is that of a repository: by its form, or because
// the directory has backups or increments.
func Is(location string) bool {
	if strings.HasPrefix(location, "s3://") || strings.HasPrefix(location, "command:") {
		return true
	}
	entries, err := os.ReadDir(location)
	return err == nil && slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() == increment.Dir || backup.IsName(e.Name()) })
}

// AddS3 adds the flags of repositories in S3 buckets. Keys are not among them:
// arguments can be seen by everybody on the machine.
func AddS3(fs *pflag.FlagSet, o *store.Options) {
	fs.StringVar(&o.Endpoint, "s3-endpoint", "", "the `URL` of the S3 server; without it, Amazon's")
	fs.StringVar(&o.Region, "s3-region", "", "the `region` of the S3 bucket")
	fs.BoolVar(&o.PathStyle, "s3-path-style", false, "put the bucket's name into the path of S3 requests instead of the host name")
	fs.StringVar(&o.CAFile, "s3-ca-file", "", "verify the S3 server's certificate with the CAs in this `file`")
}

// Open opens the repository at a location for a program. A bucket is opened by the
// etcdutl beside the program, so that neither etcdctl nor the commands of etcdutl
// link an S3 client, which would make each of them slower to start.
func Open(ctx context.Context, s cli.Streams, program, location string, o store.Options) (*backup.Repository, error) {
	o.Env = s.Env
	o.S3 = func(ctx context.Context, location string, o store.Options) (store.Store, error) {
		path, err := cli.FindUtility(program)
		if err != nil {
			return nil, err
		}
		return remote.Opener(path)(ctx, location, o)
	}
	st, err := store.Open(ctx, location, o)
	if err != nil {
		return nil, cli.Exit(cli.BackupStore, err)
	}
	return backup.New(st, program+" "+cli.Build(), s.Time), nil
}
