package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"etcdkit/backup/store"
)

// putWait is how long an interrupted Put waits for the other end to clean up.
const putWait = 10 * time.Second

// Opener returns an opener that starts the program at path for each store.
func Opener(path string) store.Opener {
	return func(ctx context.Context, location string, o store.Options) (store.Store, error) {
		cmd := exec.Command(path, Argument) // it outlives ctx, to clean up
		cmd.Env = o.Env
		ownGroup(cmd)
		return start(ctx, cmd, request{Location: location, Endpoint: o.Endpoint, Region: o.Region, CAFile: o.CAFile, PathStyle: o.PathStyle})
	}
}

// Store is a store that a program serves.
type Store struct {
	location string
	cmd      *exec.Cmd
	conn     *pipes
	client   *http.Client
	said     *said

	closing sync.Once
	closed  error
}

func start(ctx context.Context, cmd *exec.Cmd, q request) (*Store, error) {
	in, inErr := cmd.StdinPipe()
	out, outErr := cmd.StdoutPipe()
	if err := errors.Join(inErr, outErr); err != nil {
		return nil, err
	}
	s := &Store{location: q.Location, cmd: cmd, conn: newPipes(out, in), said: new(said)}
	cmd.Stderr = s.said
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("could not start %s, which opens %s: %w", cmd.Path, q.Location, err)
	}
	var once sync.Once
	s.client = &http.Client{Transport: &http.Transport{
		Protocols: protocols(), HTTP2: flow(),
		DialContext: func(context.Context, string, string) (conn net.Conn, err error) {
			err = errors.New("it has ended")
			once.Do(func() { conn, err = s.conn, nil })
			return conn, err
		},
	}}
	body, err := json.Marshal(q)
	if err == nil {
		var answer *http.Response
		if answer, err = s.send(ctx, pathOpen, nil, bytes.NewReader(body)); err == nil {
			err = answer.Body.Close()
		}
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// said keeps the beginning of a program's standard error.
type said struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.b.Write(p[:min(len(p), max(0, 1000-s.b.Len()))])
	return len(p), nil
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	line, _, _ := bytes.Cut(bytes.TrimSpace(s.b.Bytes()), []byte("\n"))
	return string(line)
}

// send sends a request and returns an answer that is not an error.
func (s *Store) send(ctx context.Context, path string, q url.Values, body io.Reader) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://store"+path+"?"+q.Encode(), body)
	if err != nil {
		return nil, err
	}
	answer, err := s.client.Do(r)
	if err != nil {
		return nil, s.lost(ctx, err)
	}
	if answer.StatusCode != http.StatusOK {
		return nil, errors.Join(decode(answer.Header.Get(failureTrailer)), answer.Body.Close())
	}
	return answer, nil
}

// lost is the error of a request without an answer.
func (s *Store) lost(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if text := s.said.String(); text != "" {
		err = fmt.Errorf("%w: %s", err, text)
	}
	return fmt.Errorf("lost the program that opens %s, %s: is it of the same release? %w", s.location, s.cmd.Path, err)
}

// Location is that of the store.
func (s *Store) Location() string { return s.location }

// Close ends the program, which first cleans up.
func (s *Store) Close() error {
	s.closing.Do(func() { s.closed = s.end() })
	return s.closed
}

func (s *Store) end() error {
	_ = s.conn.Close() // whose reader sees the end
	kill := time.AfterFunc(closeWait, func() { _ = s.cmd.Process.Kill() })
	defer kill.Stop()
	_, _ = io.Copy(io.Discard, s.conn.Reader)
	if err := s.cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w: %s", s.cmd.Path, err, s.said)
	}
	return nil
}

// Put sends the object, and says at its end whether it is whole. After a failure
// of r it waits until the other end has removed what it had.
func (s *Store) Put(ctx context.Context, name string, r io.Reader, o store.PutOptions) (store.Object, error) {
	q := url.Values{"name": {name}, "size": {strconv.FormatInt(o.Size, 10)}}
	if o.IfAbsent {
		q.Set("absent", "1")
	}
	body := &sending{r: store.Reader(ctx, r, o)}
	sendCtx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	stop := context.AfterFunc(ctx, func() {
		late := time.AfterFunc(putWait, func() { cancel(context.Cause(ctx)) })
		context.AfterFunc(sendCtx, func() { late.Stop() })
	})
	defer stop()
	answer, err := s.send(sendCtx, pathPut, q, io.MultiReader(body, &verdict{of: body}))
	if failure := body.failure(); failure != nil {
		if err == nil {
			failure = errors.Join(failure, answer.Body.Close())
		}
		return store.Object{}, failure
	}
	if err != nil {
		return store.Object{}, err
	}
	var object store.Object
	err = json.NewDecoder(answer.Body).Decode(&object)
	return object, errors.Join(err, answer.Body.Close())
}

// sending is the data of a body, after which comes a byte that says whether it
// is whole. (A trailer can't say it: the other end may answer before.)
type sending struct {
	r io.Reader

	mu  sync.Mutex
	err error
}

func (b *sending) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err != nil && err != io.EOF {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.err, err = err, io.EOF
	}
	return n, err
}

func (b *sending) failure() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

// verdict is the byte after the data.
type verdict struct {
	of   *sending
	said bool
}

func (v *verdict) Read(p []byte) (int, error) {
	if v.said || len(p) == 0 {
		return 0, io.EOF
	}
	v.said = true
	p[0] = isWhole
	if v.of.failure() != nil {
		p[0] = isBroken
	}
	return 1, nil
}

// Get reads the answer, whose end counts only without an error after it.
func (s *Store) Get(ctx context.Context, name string, offset, length int64) (io.ReadCloser, error) {
	q := url.Values{"name": {name}, "offset": {strconv.FormatInt(offset, 10)}, "length": {strconv.FormatInt(length, 10)}}
	answer, err := s.send(ctx, pathGet, q, nil)
	if err != nil {
		return nil, err
	}
	return &receiving{s: s, ctx: ctx, answer: answer}, nil
}

// receiving is the body of an answer.
type receiving struct {
	s      *Store
	ctx    context.Context
	answer *http.Response
}

func (r *receiving) Read(p []byte) (int, error) {
	n, err := r.answer.Body.Read(p)
	if err == nil {
		return n, nil
	}
	if err != io.EOF {
		return n, r.s.lost(r.ctx, err)
	}
	if failure := r.answer.Trailer.Get(failureTrailer); failure != "" {
		return n, decode(failure)
	}
	return n, io.EOF
}

func (r *receiving) Close() error { return r.answer.Body.Close() }

// List receives the list.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[store.Object, error] {
	return items[store.Object](ctx, s, pathList, prefix)
}

// Incomplete receives the list.
func (s *Store) Incomplete(ctx context.Context, prefix string) iter.Seq2[store.Upload, error] {
	return items[store.Upload](ctx, s, pathIncomplete, prefix)
}

func items[T any](ctx context.Context, s *Store, path, prefix string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		answer, err := s.send(ctx, path, url.Values{"prefix": {prefix}}, nil)
		if err != nil {
			yield(none, err)
			return
		}
		body := &receiving{s: s, ctx: ctx, answer: answer}
		defer body.Close() //nolint:errcheck // it was read
		lines := json.NewDecoder(body)
		for {
			var item T
			err := lines.Decode(&item)
			if errors.Is(err, io.EOF) || !yield(item, err) || err != nil {
				return
			}
		}
	}
}

// Delete asks for it.
func (s *Store) Delete(ctx context.Context, name string) error {
	return s.do(ctx, pathDelete, url.Values{"name": {name}})
}

// Abort asks for it.
func (s *Store) Abort(ctx context.Context, u store.Upload) error {
	return s.do(ctx, pathAbort, url.Values{"name": {u.Name}, "id": {u.ID}})
}

func (s *Store) do(ctx context.Context, path string, q url.Values) error {
	answer, err := s.send(ctx, path, q, nil)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}
