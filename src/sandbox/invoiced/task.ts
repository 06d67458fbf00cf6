/** A task as Invoiced holds it; the keys in the order in which it answers. Times are unix seconds. */
export interface InvoicedTask {
  readonly action: string;
  readonly chase_step_id: number | null;
  readonly complete: boolean;
  readonly completed_by_user_id: number | null;
  readonly completed_date: number | null;
  readonly created_at: number;
  readonly customer_id: number | null;
  readonly due_date: number;
  readonly id: number;
  readonly name: string;
  readonly updated_at: number;
  readonly user_id: number | null;
}

/** What a client or a person may set. */
export type InvoicedEdit = Partial<
  Pick<
    InvoicedTask,
    'name' | 'action' | 'customer_id' | 'user_id' | 'due_date' | 'complete' | 'completed_by_user_id'
  >
>;
