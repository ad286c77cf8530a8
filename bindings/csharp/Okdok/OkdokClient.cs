using System;
using System.IO;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace Okdok
{
    /// <summary>Deletes signature requests of one OKdokument account.</summary>
    /// <remarks>
    /// Any number of threads may use one client at once. It may be disposed while calls are under way; they finish. Clients are cheap: clients
    /// with equal options share connections and one background thread. Tests may replace it by another <see cref="IOkdokClient"/>, or derive
    /// from it. On .NET 8 and newer, each call is an activity of the source <c>Okdok</c> if somebody listens.
    /// </remarks>
#if NET8_0_OR_GREATER
    public class OkdokClient : IOkdokClient, IAsyncDisposable
#else
    public class OkdokClient : IOkdokClient
#endif
    {
        // The options' names in C and in .NET. Longer names come first; "proxy" needs its prefix, since it is also an ordinary word.
        private static readonly string[] NativeNames =
        {
            "options.proxy", nameof(OkdokClientOptions.Proxy),
            "options.ca_file", nameof(OkdokClientOptions.CaFile),
            "ca_file", nameof(OkdokClientOptions.CaFile),
            "options.user_agent", nameof(OkdokClientOptions.UserAgent),
            "connect_timeout_ms", nameof(OkdokClientOptions.ConnectTimeout),
            "timeout_ms", nameof(OkdokClientOptions.Timeout),
            "max_attempts", nameof(OkdokClientOptions.MaxAttempts),
        };

        private readonly ClientHandle handle = new ClientHandle();
        private readonly CallQueue calls;
#if NET8_0_OR_GREATER
        private readonly string baseUrl = "";
#endif

        // The handle alone would accept new calls while earlier ones are under way.
        private volatile bool disposed;

        /// <summary>Makes a client with the default options.</summary>
        /// <param name="baseUrl">URL of the service: <c>https://…</c>, or <c>http://…</c> for this machine only. Not null.</param>
        /// <param name="apiKey">1 to 4096 visible ASCII characters. Not null.</param>
        /// <exception cref="ArgumentException">An argument is null or cannot be used; the message says which argument, and why.</exception>
        /// <exception cref="OkdokException">There are no roots to trust (<see cref="OkdokStatus.TlsFailed"/>), or the system has no resources left (<see cref="OkdokStatus.NoResources"/>).</exception>
        /// <exception cref="DllNotFoundException">No usable native library was found; the message says which places were searched.</exception>
        public OkdokClient(string baseUrl, string apiKey)
            : this(baseUrl, apiKey, new OkdokClientOptions())
        {
        }

        /// <summary>Makes a client.</summary>
        /// <param name="baseUrl">URL of the service: <c>https://…</c>, or <c>http://…</c> for this machine only. Not null.</param>
        /// <param name="apiKey">1 to 4096 visible ASCII characters. Not null.</param>
        /// <param name="options">Copied. Not null.</param>
        /// <exception cref="ArgumentException">An argument or option is null or cannot be used; the message says which, and why.</exception>
        /// <exception cref="OkdokException">There are no roots to trust (<see cref="OkdokStatus.TlsFailed"/>), or the system has no resources left (<see cref="OkdokStatus.NoResources"/>).</exception>
        /// <exception cref="DllNotFoundException">No usable native library was found; the message says which places were searched.</exception>
        public OkdokClient(string baseUrl, string apiKey, OkdokClientOptions options)
            : this(baseUrl, apiKey, options, nameof(baseUrl), nameof(apiKey))
        {
        }

        /// <summary>Makes a client from options alone, such as those bound from configuration.</summary>
        /// <param name="options">With <see cref="OkdokClientOptions.BaseUrl"/> and <see cref="OkdokClientOptions.ApiKey"/>. Copied. Not null.</param>
        /// <exception cref="ArgumentException">An option is missing or cannot be used; the message says which, and why.</exception>
        /// <exception cref="OkdokException">There are no roots to trust (<see cref="OkdokStatus.TlsFailed"/>), or the system has no resources left (<see cref="OkdokStatus.NoResources"/>).</exception>
        /// <exception cref="DllNotFoundException">No usable native library was found; the message says which places were searched.</exception>
        public OkdokClient(OkdokClientOptions options)
            : this(Set(options).BaseUrl, Set(options).ApiKey, options, nameof(options.BaseUrl), nameof(options.ApiKey))
        {
        }

        /// <summary>Makes a client with the default options.</summary>
        /// <param name="baseUrl">URL of the service: <c>https://…</c>, or <c>http://…</c> for this machine only. Absolute, not null.</param>
        /// <param name="apiKey">1 to 4096 visible ASCII characters. Not null.</param>
        /// <exception cref="ArgumentException">An argument is null or cannot be used; the message says which argument, and why.</exception>
        /// <exception cref="OkdokException">There are no roots to trust (<see cref="OkdokStatus.TlsFailed"/>), or the system has no resources left (<see cref="OkdokStatus.NoResources"/>).</exception>
        /// <exception cref="DllNotFoundException">No usable native library was found; the message says which places were searched.</exception>
        public OkdokClient(Uri baseUrl, string apiKey)
            : this(Text(baseUrl), apiKey)
        {
        }

        /// <summary>Makes a client.</summary>
        /// <param name="baseUrl">URL of the service: <c>https://…</c>, or <c>http://…</c> for this machine only. Absolute, not null.</param>
        /// <param name="apiKey">1 to 4096 visible ASCII characters. Not null.</param>
        /// <param name="options">Copied. Not null.</param>
        /// <exception cref="ArgumentException">An argument or option is null or cannot be used; the message says which, and why.</exception>
        /// <exception cref="OkdokException">There are no roots to trust (<see cref="OkdokStatus.TlsFailed"/>), or the system has no resources left (<see cref="OkdokStatus.NoResources"/>).</exception>
        /// <exception cref="DllNotFoundException">No usable native library was found; the message says which places were searched.</exception>
        public OkdokClient(Uri baseUrl, string apiKey, OkdokClientOptions options)
            : this(Text(baseUrl), apiKey, options)
        {
        }

        /// <summary>For derived classes in tests, which must override the methods: such a client has no service.</summary>
        protected OkdokClient() => calls = new CallQueue(CallThreads.Shared, System.Threading.Timeout.InfiniteTimeSpan);

        // The two names are those under which the caller passed base URL and key, for messages.
        private unsafe OkdokClient(string baseUrl, string apiKey, OkdokClientOptions options, string baseUrlName, string apiKeyName)
        {
            if (options == null)
            {
                throw new ArgumentNullException(nameof(options));
            }

            byte[] key = NativeText.Encode(apiKey, apiKeyName);
            try
            {
                // An empty proxy means none, so only null may become NULL.
                var proxyText = options.Proxy;
                byte[] proxy = proxyText == null ? Array.Empty<byte>() : NativeText.Encode(proxyText, nameof(options.Proxy));
                fixed (byte* baseUrlBytes = NativeText.Encode(baseUrl, baseUrlName))
                fixed (byte* keyBytes = key)
                fixed (byte* caFileBytes = NativeText.EncodeOptional(options.CaFile, nameof(options.CaFile)))
                fixed (byte* proxyBytes = proxy)
                fixed (byte* userAgentBytes = NativeText.EncodeOptional(options.UserAgent, nameof(options.UserAgent)))
                {
                    NativeMethods.Options native = new NativeMethods.Options
                    {
                        size = (uint)sizeof(NativeMethods.Options),
                        timeout_ms = OkdokClientOptions.Milliseconds(options.Timeout),
                        connect_timeout_ms = OkdokClientOptions.Milliseconds(options.ConnectTimeout),
                        max_attempts = (uint)options.MaxAttempts,
                        ca_file = caFileBytes,
                        proxy = proxyBytes,
                        user_agent = userAgentBytes,
                    };
                    NativeMethods.Error error;
                    IntPtr client = NativeLoader.Methods.okdok_client_new(baseUrlBytes, keyBytes, &native, null, &error);
                    if (client == IntPtr.Zero)
                    {
                        throw Failure(&error, baseUrlName, apiKeyName);
                    }

                    handle.Set(client);
                }
            }
            finally
            {
                Array.Clear(key, 0, key.Length);
            }

#if NET8_0_OR_GREATER
            this.baseUrl = baseUrl;
#endif
            calls = new CallQueue(CallThreads.Shared, options.Timeout);
        }

        /// <summary>Makes a client for <c>OKDOK_BASE_URL</c> with the key from <c>OKDOK_API_KEY</c> or the file <c>OKDOK_API_KEY_FILE</c>, and with the default options.</summary>
        /// <returns>The client. The caller disposes it.</returns>
        /// <exception cref="ArgumentException">A variable is missing or cannot be used, or both keys are set.</exception>
        /// <exception cref="IOException">The key file cannot be read.</exception>
        /// <exception cref="UnauthorizedAccessException">The process lacks the permission to read the key file.</exception>
        /// <exception cref="OkdokException">There are no roots to trust (<see cref="OkdokStatus.TlsFailed"/>), or the system has no resources left (<see cref="OkdokStatus.NoResources"/>).</exception>
        /// <exception cref="DllNotFoundException">No usable native library was found; the message says which places were searched.</exception>
        public static OkdokClient FromEnvironment() => FromEnvironment(new OkdokClientOptions());

        /// <summary>The same, with other options. Base URL and key come from the environment only if the options do not set them.</summary>
        /// <param name="options">Copied. Not null.</param>
        /// <returns>The client. The caller disposes it.</returns>
        /// <exception cref="ArgumentException">A required variable is missing, a variable or an option cannot be used, or both keys are set.</exception>
        /// <exception cref="IOException">The key file cannot be read.</exception>
        /// <exception cref="UnauthorizedAccessException">The process lacks the permission to read the key file.</exception>
        /// <exception cref="OkdokException">There are no roots to trust (<see cref="OkdokStatus.TlsFailed"/>), or the system has no resources left (<see cref="OkdokStatus.NoResources"/>).</exception>
        /// <exception cref="DllNotFoundException">No usable native library was found; the message says which places were searched.</exception>
        public static OkdokClient FromEnvironment(OkdokClientOptions options)
        {
            string baseUrl = Set(options).BaseUrl.Length > 0 ? options.BaseUrl : Variable("OKDOK_BASE_URL");
            if (baseUrl.Length == 0)
            {
                // Required, so that nobody uses the development host by mistake.
                throw new ArgumentException("OKDOK_BASE_URL is not set: set it to the service's URL, https://…");
            }

            return new OkdokClient(baseUrl, options.ApiKey.Length > 0 ? options.ApiKey : KeyFromEnvironment(), options);
        }

        /// <summary>Checks an id as a call does before anything is sent. Needs no client and sends nothing.</summary>
        /// <param name="id">Opaque, 1 to 256 bytes of UTF-8. Not null.</param>
        /// <exception cref="ArgumentException"><paramref name="id"/> cannot be used; the message says why.</exception>
        /// <exception cref="DllNotFoundException">No usable native library was found; the message says which places were searched.</exception>
        public static unsafe void CheckId(string id)
        {
            NativeMethods.Error error;
            fixed (byte* bytes = NativeText.Encode(id, nameof(id)))
            {
                // Without a client, the library checks only the id.
                NativeLoader.Methods.okdok_delete_signature_request(IntPtr.Zero, bytes, null, &error);
            }

            if (error.status == (int)OkdokStatus.InvalidArgument)
            {
                throw Failure(&error);
            }
        }

        /// <summary>Deletes one signature request. Blocks for at most <see cref="OkdokClientOptions.Timeout"/> plus a quarter of a second.</summary>
        /// <param name="id">Opaque, 1 to 256 bytes of UTF-8. Not null.</param>
        /// <returns>What was deleted.</returns>
        /// <exception cref="ArgumentException"><paramref name="id"/> cannot be used; nothing was sent.</exception>
        /// <exception cref="OkdokException">It was not deleted; if <see cref="OkdokException.OutcomeUnknown"/> is true, it may have been.</exception>
        /// <exception cref="ObjectDisposedException">The client was disposed; nothing was sent.</exception>
        public virtual Deletion DeleteSignatureRequest(string id)
        {
            byte[] text = NativeText.Encode(id, nameof(id));
            ThrowIfUnusable();
#if NET8_0_OR_GREATER
            if (CallActivity.Wanted)
            {
                return CallActivity.Trace(baseUrl, id, () => Delete(id, text));
            }

#endif
            return Delete(id, text);
        }

        /// <summary>Deletes one signature request, as an awaitable. Runs on a background thread of this library.</summary>
        /// <remarks>
        /// 256 calls of a client run at once; more wait in a queue. A call ends at most <see cref="OkdokClientOptions.Timeout"/> plus a quarter of a
        /// second after it was made, whether it ran or waited. If it only waited, the status is <see cref="OkdokStatus.TimedOut"/> with 0 attempts, and
        /// nothing was sent. If it began late, it ends at its deadline with an unknown outcome. Cancelling ends the task at once. A call that is still
        /// waiting is then never sent; the outcome of one under way is unknown. That call runs on unobserved, on its thread; once a client has 1,024
        /// threads, new calls end as <see cref="OkdokStatus.NoResources"/>. Disposing the client cancels nothing.
        /// </remarks>
        /// <param name="id">Opaque, 1 to 256 bytes of UTF-8. Not null.</param>
        /// <param name="cancellationToken">Cancels the task, with an <see cref="OperationCanceledException"/> that carries it.</param>
        /// <returns>What was deleted. The task has one of the exceptions below, but those for null, NUL, lone surrogates and a disposed client are thrown at once.</returns>
        /// <exception cref="ArgumentException"><paramref name="id"/> cannot be used; nothing was sent.</exception>
        /// <exception cref="OkdokException">It was not deleted; if <see cref="OkdokException.OutcomeUnknown"/> is true, it may have been.</exception>
        /// <exception cref="ObjectDisposedException">The client was disposed; nothing was sent.</exception>
        public virtual Task<Deletion> DeleteSignatureRequestAsync(string id, CancellationToken cancellationToken = default)
        {
            byte[] text = NativeText.Encode(id, nameof(id));
            ThrowIfUnusable();
            if (cancellationToken.IsCancellationRequested)
            {
                return Task.FromCanceled<Deletion>(cancellationToken);
            }

#if NET8_0_OR_GREATER
            if (CallActivity.Wanted)
            {
                return CallActivity.TraceAsync(baseUrl, id, () => Begin(id, text, cancellationToken));
            }

#endif
            return Begin(id, text, cancellationToken);
        }

        /// <summary>Closes the client; calls under way finish, later ones throw. Never waits. May be called again, and from any thread.</summary>
        public void Dispose()
        {
            Dispose(true);
            GC.SuppressFinalize(this);
        }

#if NET8_0_OR_GREATER
        /// <summary>The same as <see cref="Dispose()"/>: never waits.</summary>
        /// <returns>A completed task.</returns>
        public ValueTask DisposeAsync()
        {
            Dispose();
            GC.SuppressFinalize(this);
            return default;
        }

#endif
        /// <summary>Closes the client.</summary>
        /// <param name="disposing">True if called by <see cref="Dispose()"/>. This class has no finalizer; its handle has one.</param>
        protected virtual void Dispose(bool disposing)
        {
            if (disposing)
            {
                disposed = true;
                handle.Dispose();
            }
        }

        private static string Text(Uri baseUrl)
        {
            if (baseUrl == null)
            {
                throw new ArgumentNullException(nameof(baseUrl));
            }

            return baseUrl.IsAbsoluteUri ? baseUrl.AbsoluteUri : throw new ArgumentException("baseUrl must be absolute", nameof(baseUrl));
        }

        internal static unsafe Exception Failure(NativeMethods.Error* error, string baseUrlName = "baseUrl", string apiKeyName = "apiKey")
        {
            string message = InDotNetWords(NativeText.Decode(error->message, NativeMethods.Error.MessageLength), baseUrlName, apiKeyName);
            OkdokStatus status = (OkdokStatus)error->status;
            if (status == OkdokStatus.InvalidArgument)
            {
                // The text begins with the name.
                string name = message.Split(' ')[0];
                return name == "id" || name == baseUrlName || name == apiKeyName || Array.IndexOf(NativeNames, name) % 2 == 1
                    ? new ArgumentException(message, name)
                    : new ArgumentException(message);
            }

            return new OkdokException(
                status,
                message,
                error->http_status,
                (int)error->attempts,
                error->outcome_unknown != 0,
                TimeSpan.FromMilliseconds(error->retry_after_ms),
                NativeText.Decode(error->service_code, NativeMethods.Error.ServiceCodeLength),
                NativeText.Decode(error->service_value, NativeMethods.Error.ServiceValueLength),
                TimeSpan.FromMilliseconds(error->elapsed_ms),
                AttemptLog(error));
        }

        // The library's texts use C's names of parameters and options. Text in quotes comes from the caller and stays as it is.
        private static string InDotNetWords(string message, string baseUrlName, string apiKeyName)
        {
            string[] parts = message.Split('"');
            for (int i = 0; i < parts.Length; i += Math.Max(1, parts.Length - 1))
            {
                StringBuilder text = new StringBuilder(parts[i]);
                text.Replace("signature_request_id", "id").Replace("base_url", baseUrlName).Replace("api_key", apiKeyName);
                for (int name = 0; name < NativeNames.Length; name += 2)
                {
                    text.Replace(NativeNames[name], NativeNames[name + 1]);
                }

                parts[i] = text.ToString();
            }

            return string.Join("\"", parts);
        }

        private static unsafe OkdokAttempt[] AttemptLog(NativeMethods.Error* error)
        {
            OkdokAttempt[] log = new OkdokAttempt[Math.Min(error->attempts, NativeMethods.Error.LoggedAttempts)];
            NativeMethods.Attempt* attempts = (NativeMethods.Attempt*)error->attempt_log;
            for (int i = 0; i < log.Length; i++)
            {
                log[i] = new OkdokAttempt(
                    (OkdokStatus)attempts[i].status,
                    attempts[i].http_status,
                    TimeSpan.FromMilliseconds(attempts[i].waited_ms),
                    TimeSpan.FromMilliseconds(attempts[i].elapsed_ms));
            }

            return log;
        }

        private static OkdokClientOptions Set(OkdokClientOptions options) => options ?? throw new ArgumentNullException(nameof(options));

        private static string Variable(string name) => Environment.GetEnvironmentVariable(name) ?? "";

        private static string KeyFromEnvironment()
        {
            string apiKey = Variable("OKDOK_API_KEY");
            string file = Variable("OKDOK_API_KEY_FILE");
            if (apiKey.Length > 0 && file.Length > 0)
            {
                throw new ArgumentException("OKDOK_API_KEY and OKDOK_API_KEY_FILE are both set: unset one");
            }

            if (apiKey.Length == 0 && file.Length == 0)
            {
                throw new ArgumentException("neither OKDOK_API_KEY nor OKDOK_API_KEY_FILE is set");
            }

            return file.Length > 0 ? File.ReadAllText(file).Trim() : apiKey;
        }

        private void ThrowIfUnusable()
        {
            if (disposed)
            {
                throw new ObjectDisposedException(GetType().FullName);
            }

            if (handle.IsInvalid)
            {
                throw new InvalidOperationException("a client made with the protected constructor must override this method");
            }
        }

        private Task<Deletion> Begin(string id, byte[] text, CancellationToken cancellationToken)
        {
            // From here on the call is accepted: even if it waits during a Dispose, it keeps the native client.
            bool held = false;
            handle.DangerousAddRef(ref held);
            return calls.Run(() => Delete(id, text), handle.DangerousRelease, cancellationToken);
        }

        private unsafe Deletion Delete(string id, byte[] text)
        {
            NativeMethods.Error error;
            int status;
            bool deleted;
            bool held = false;
            try
            {
                handle.DangerousAddRef(ref held);
                fixed (byte* bytes = text)
                {
                    deleted = NativeLoader.Methods.okdok_delete_signature_request(handle.DangerousGetHandle(), bytes, &status, &error) != 0;
                }
            }
            finally
            {
                if (held)
                {
                    handle.DangerousRelease();
                }
            }

            // The returned bool decides: a newer library may report statuses that are not known here.
            return deleted
                ? new Deletion(id, status == (int)OkdokStatus.PresumedDeleted, (int)error.attempts, error.http_status, TimeSpan.FromMilliseconds(error.elapsed_ms), AttemptLog(&error))
                : throw Failure(&error);
        }
    }
}
