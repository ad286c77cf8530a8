using System;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using Xunit;

namespace Okdok.Tests
{
    // What Dispose and the finalizer do to new calls and to those under way.
    [Collection(Alone.Name)]
    public sealed class DisposalTests
    {
        [Fact]
        public void After_Dispose_every_call_throws()
        {
            OkdokClient client = Sandbox.Client();
            client.Dispose();
            client.Dispose();
            AssertThrows(client);
        }

        [Fact]
        public async Task After_Dispose_every_new_call_throws_and_those_in_flight_finish()
        {
            using (FaultServer server = FaultServer.Serve("hold"))
            {
                OkdokClient client = new OkdokClient(server.Url, Sandbox.Key);
                Task<Deletion> awaited = client.DeleteSignatureRequestAsync("awaited", TestContext.Current.CancellationToken);
                Task<Deletion> blocking = Task.Factory.StartNew(
                    () => client.DeleteSignatureRequest("blocking"), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
                server.Wait(2);
                client.Dispose();
                AssertThrows(client);
                Assert.False(awaited.IsCompleted || blocking.IsCompleted);
                server.Release();
                Assert.Equal("awaited", (await awaited).Id);
                Assert.Equal("blocking", (await blocking).Id);
                Assert.Equal(2, server.Requests);
            }
        }

        [Fact]
        public async Task A_call_in_the_queue_outlives_Dispose()
        {
            using (FaultServer server = FaultServer.Serve("hold"))
            {
                OkdokClient client = new OkdokClient(server.Url, Sandbox.Key);
                Task<Deletion>[] calls = new Task<Deletion>[257];
                for (int i = 0; i < calls.Length; i++)
                {
                    calls[i] = client.DeleteSignatureRequestAsync("id", TestContext.Current.CancellationToken);
                }

                server.Wait(256);
                client.Dispose();
                Assert.False(calls[256].IsCompleted);
                server.Release();
                await Task.WhenAll(calls);
                Assert.Equal(257, server.Requests);
            }
        }

        [Fact]
        public async Task Dispose_from_many_threads_while_calls_begin()
        {
            for (int round = 0; round < 20; round++)
            {
                OkdokClient client = Sandbox.Client();
                using (Barrier together = new Barrier(8))
                {
                    Task[] tasks = new Task[8];
                    for (int i = 0; i < tasks.Length; i++)
                    {
                        bool disposes = i % 4 == 0;
                        tasks[i] = Task.Factory.StartNew(
                            () =>
                            {
                                together.SignalAndWait();
                                if (disposes)
                                {
                                    client.Dispose();
                                    AssertThrows(client);
                                    return;
                                }

                                string id = Sandbox.NewId();
                                try
                                {
                                    Assert.Equal(id, client.DeleteSignatureRequest(id).Id);
                                }
                                catch (ObjectDisposedException)
                                {
                                    // Another thread disposed the client first.
                                }
                            },
                            CancellationToken.None,
                            TaskCreationOptions.LongRunning,
                            TaskScheduler.Default);
                    }

                    await Task.WhenAll(tasks);
                }
            }
        }

        [Fact]
        public async Task A_call_in_flight_keeps_an_unreachable_client()
        {
            using (FaultServer server = FaultServer.Serve("hold"))
            {
                Task<Deletion> call = Begin(server.Url);
                server.Wait(1);
                GC.Collect();
                GC.WaitForPendingFinalizers();
                server.Release();
                Assert.Equal("id", (await call).Id);
            }
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static Task<Deletion> Begin(string url) =>
            new OkdokClient(url, Sandbox.Key).DeleteSignatureRequestAsync("id", TestContext.Current.CancellationToken);

#if NET8_0_OR_GREATER
        [Fact]
        public async Task Await_using_never_waits()
        {
            using (FaultServer server = FaultServer.Serve("hold"))
            {
                Task<Deletion> call;
                await using (OkdokClient client = new OkdokClient(server.Url, Sandbox.Key))
                {
                    call = client.DeleteSignatureRequestAsync("id", TestContext.Current.CancellationToken);
                    server.Wait(1);
                    ValueTask disposal = client.DisposeAsync();
                    Assert.True(disposal.IsCompletedSuccessfully);
                    AssertThrows(client);
                }

                server.Release();
                Assert.Equal("id", (await call).Id);
            }
        }

#endif
        private static void AssertThrows(OkdokClient client)
        {
            Assert.Throws<ObjectDisposedException>(() => client.DeleteSignatureRequest("id"));
            Assert.Throws<ObjectDisposedException>(() => { _ = client.DeleteSignatureRequestAsync("id", TestContext.Current.CancellationToken); });
        }
    }
}
