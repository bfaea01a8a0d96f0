package output

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// Stream reports whether the bytes go to their destination at once, so that a
// failed run leaves a part of them there, and nothing can be read back.
func (f *File) Stream() bool { return f.stream }

// File is the open file that is written.
func (f *File) File() *os.File { return f.f }

// Same reports whether w is the file that f writes to, as with /dev/stdout.
func (f *File) Same(w io.Writer) bool {
	other, ok := w.(*os.File)
	if !ok {
		return false
	}
	a, errA := f.f.Stat()
	b, errB := other.Stat()
	return errA == nil && errB == nil && os.SameFile(a, b)
}

// openStream writes to a file that is open in this process or in another one.
func openStream(path string, at place) (*File, error) {
	var f *os.File
	var err error
	if at.fd >= 0 {
		f, err = duplicate(at.fd, path)
	} else {
		f, err = os.OpenFile(at.path, os.O_WRONLY, 0)
	}
	if err != nil {
		return nil, fmt.Errorf("could not open %s (%w)", path, err)
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, errors.Join(fmt.Errorf("could not write %s: is a directory", path), f.Close())
	}
	return &File{f: f, path: path, stream: true}, nil
}

// openPipe opens a named pipe, which waits for a reader.
func openPipe(ctx context.Context, path string) (*File, error) {
	type opened struct {
		f   *os.File
		err error
	}
	result := make(chan opened, 1)
	go func() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		result <- opened{f, err}
	}()
	select {
	case r := <-result:
		if r.err != nil {
			return nil, fmt.Errorf("could not open %s (%w)", path, r.err)
		}
		// A write to a pipe that is not read ends with ctx.
		context.AfterFunc(ctx, func() { _ = r.f.SetWriteDeadline(time.Unix(1, 0)) })
		return &File{f: r.f, path: path, stream: true}, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("could not open %s: no process reads from the pipe: %w", path, context.Cause(ctx))
	}
}

// endStream closes a stream. If it is a regular file, it is synced.
func (f *File) endStream() error {
	f.done = true
	syncErr := ignoreUnsyncable(f.f.Sync())
	if err := errors.Join(syncErr, f.f.Close()); err != nil {
		return fmt.Errorf("could not write %s: %w", f.path, err)
	}
	return nil
}
