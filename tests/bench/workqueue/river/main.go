// River's side of the benchmark: `river migrate DSN`, `river enqueue DSN N`, `river work DSN SLOTS`,
// which works until it is killed. Jobs do nothing.
package main

import (
	"context"
	"log/slog"
	"os"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

type Nothing struct {
	Payload string `json:"payload"`
}

func (Nothing) Kind() string { return "nothing" }

type NothingWorker struct {
	river.WorkerDefaults[Nothing]
}

func (*NothingWorker) Work(context.Context, *river.Job[Nothing]) error { return nil }

func must(err error) {
	if err != nil {
		slog.Error(err.Error())
		os.Exit(1)
	}
}

func main() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, os.Args[2])
	must(err)
	driver := riverpgxv5.New(pool)
	switch os.Args[1] {
	case "migrate":
		migrator, err := rivermigrate.New(driver, nil)
		must(err)
		_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
		must(err)
	case "enqueue":
		count, err := strconv.Atoi(os.Args[3])
		must(err)
		client, err := river.NewClient(driver, &river.Config{})
		must(err)
		jobs := make([]river.InsertManyParams, count)
		for i := range jobs {
			jobs[i] = river.InsertManyParams{Args: Nothing{Payload: os.Args[4]}}
		}
		tx, err := pool.BeginTx(ctx, pgx.TxOptions{})
		must(err)
		_, err = client.InsertManyFastTx(ctx, tx, jobs)
		must(err)
		must(tx.Commit(ctx))
	case "work":
		slots, err := strconv.Atoi(os.Args[3])
		must(err)
		workers := river.NewWorkers()
		river.AddWorker(workers, &NothingWorker{})
		client, err := river.NewClient(driver, &river.Config{
			Queues:        map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: slots}},
			Workers:       workers,
			FetchCooldown: time.Millisecond,
			Logger:        slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
		})
		must(err)
		must(client.Start(ctx))
		select {}
	}
}
