using System;
using System.Diagnostics;
using System.IO;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;
using Xunit;

namespace Okdok.Tests
{
    // Clients that nobody disposes.
    [Collection(Alone.Name)]
    public sealed class LeakTests
    {
        [Theory]
        [InlineData(false)]
        [InlineData(true)]
        public void Clients_never_disposed_leave_no_thread_and_no_descriptor(bool transportOfItsOwn)
        {
            Assert.SkipUnless(RuntimeInformation.IsOSPlatform(OSPlatform.Linux), "threads and descriptors are counted in /proc");
            using (FaultServer server = FaultServer.Serve("ok"))
            {
                // What the runtimes and the library keep until the process ends.
                Abandon(server.Url, 20, transportOfItsOwn);
                Collect();
                Collect();
                Collect();
                int threads = Threads();
                int descriptors = Descriptors();

                Abandon(server.Url, 300, transportOfItsOwn);

                // Mono looks for references conservatively: a few may seem to be in use.
                Settle(() => Threads() <= threads + 10 && Descriptors() <= descriptors + 40);
                Assert.InRange(Threads(), 1, threads + 10);
                Assert.InRange(Descriptors(), 1, descriptors + 40);
            }
        }

        private static void Abandon(string url, int clients, bool transportOfItsOwn)
        {
            // On a separate thread, so that no reference stays on the stack.
            Thread thread = new Thread(() =>
            {
                for (int i = 0; i < clients; i++)
                {
                    Use(url, TimeSpan.FromMilliseconds(transportOfItsOwn ? 1_000 + i : 1_000));
                }
            });
            thread.Start();
            thread.Join();
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static void Use(string url, TimeSpan connectTimeout) =>
            new OkdokClient(url, Sandbox.Key, new OkdokClientOptions { ConnectTimeout = connectTimeout }).DeleteSignatureRequest("id");

        // Waits for the collection, which takes time, and for native threads to end.
        private static void Settle(Func<bool> done)
        {
            Stopwatch watch = Stopwatch.StartNew();
            while (!done() && watch.Elapsed < TimeSpan.FromMinutes(1))
            {
                Collect();
            }
        }

        private static void Collect()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        private static int Threads() => Directory.GetDirectories("/proc/self/task").Length;

        private static int Descriptors() => Directory.GetFiles("/proc/self/fd").Length;
    }
}
