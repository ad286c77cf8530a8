using System;
using System.Runtime.InteropServices;

namespace Okdok
{
    // Frees the native client, on Dispose or in the finalizer, after the last call that uses it.
    internal sealed class ClientHandle : SafeHandle
    {
        internal ClientHandle()
            : base(IntPtr.Zero, true)
        {
        }

        public override bool IsInvalid => handle == IntPtr.Zero;

        internal void Set(IntPtr client) => SetHandle(client);

        protected override bool ReleaseHandle()
        {
            NativeLoader.Methods.okdok_free(handle);
            return true;
        }
    }
}
