using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace Okdok
{
    // Threads for blocking calls: the pool grows by one or two a second, so a burst of calls would wait for it, and hold up everybody else's work.
    internal static class CallThreads
    {
        private const int Most = 256;
        private static readonly TimeSpan Idle = TimeSpan.FromSeconds(5);
        private static readonly Queue<Action> Queued = new Queue<Action>();
        private static readonly Action Nothing = () => { };
        private static int threads;
        private static int waiting;

        // `settled` is called once for every task returned, after `call` or instead of it.
        internal static Task<Deletion> Run(Func<Deletion> call, Action settled, CancellationToken token)
        {
            TaskCompletionSource<Deletion> result = new TaskCompletionSource<Deletion>(TaskCreationOptions.RunContinuationsAsynchronously);
            CancellationTokenRegistration registration = token.Register(() => result.TrySetCanceled(token));
#pragma warning disable CA1849 // There is nothing to wait for: the callback only sets a result.
            try
            {
                Enqueue(() =>
                {
                    // Cancelled while queued.
                    if (!result.Task.IsCompleted)
                    {
                        Settle(result, call);
                    }

                    registration.Dispose();
                    settled();
                });
            }
            catch
            {
                registration.Dispose();
                throw;
            }
#pragma warning restore CA1849

            return result.Task;
        }

        private static void Settle(TaskCompletionSource<Deletion> result, Func<Deletion> call)
        {
            try
            {
                result.TrySetResult(call());
            }
#pragma warning disable CA1031 // Whatever it was belongs to the awaiting task.
            catch (Exception e)
#pragma warning restore CA1031
            {
                result.TrySetException(e);
            }
        }

        private static void Enqueue(Action job)
        {
            lock (Queued)
            {
                if (waiting <= Queued.Count && threads < Most)
                {
                    try
                    {
                        Start();
                        threads++;
                    }
                    catch (OutOfMemoryException) when (threads > 0)
                    {
                        // Those that run will come to it.
                    }
                    catch (OutOfMemoryException e)
                    {
                        throw new OkdokException(OkdokStatus.NoResources, "no thread could be started: " + e.Message);
                    }
                }

                Queued.Enqueue(job);
                Monitor.Pulse(Queued);
            }
        }

        private static void Start()
        {
            Thread thread = new Thread(Work) { IsBackground = true, Name = "okdok call" };
#if NET8_0_OR_GREATER
            // A caller's AsyncLocal values must not live as long as the thread.
            thread.UnsafeStart();
#else
            thread.Start();
#endif
        }

        private static void Work()
        {
            while (Next(out Action job))
            {
                job();
            }
        }

        private static bool Next(out Action job)
        {
            // Else an idle thread would keep its last client alive.
            job = Nothing;
            lock (Queued)
            {
                while (Queued.Count == 0)
                {
                    waiting++;
                    bool woken = Monitor.Wait(Queued, Idle);
                    waiting--;
                    if (!woken && Queued.Count == 0)
                    {
                        threads--;
                        return false;
                    }
                }

                job = Queued.Dequeue();
                return true;
            }
        }
    }
}
