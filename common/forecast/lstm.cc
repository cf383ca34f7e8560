#include "common/forecast/lstm.h"

#include <cstdint>

namespace fleetcast::forecast {
namespace {

using torch::Tensor;

// What one pass over the sequence computes; all but the gates have a leading entry for the zero
// state where they hold states.
struct LstmPass {
  Tensor gates;       // [steps, batch, 4 units], after their nonlinearities
  Tensor cells;       // [steps + 1, batch, units]
  Tensor tanh_cells;  // [steps, batch, units]
  Tensor states;      // [steps + 1, batch, units]
};

LstmPass RunSteps(const Tensor& sequence, const Tensor& input, const Tensor& recurrent,
                  const Tensor& bias) {
  const std::int64_t steps = sequence.size(0), batch = sequence.size(1);
  const std::int64_t units = recurrent.size(1);
  LstmPass pass;
  pass.gates = torch::addmm(bias, sequence.reshape({steps * batch, -1}), input.t())
                   .view({steps, batch, 4 * units});
  pass.cells = torch::empty({steps + 1, batch, units});
  pass.states = torch::empty({steps + 1, batch, units});
  pass.tanh_cells = torch::empty({steps, batch, units});
  pass.cells[0].zero_();
  pass.states[0].zero_();
  const Tensor transposed = recurrent.t();
  for (std::int64_t step = 0; step < steps; ++step) {
    Tensor gates = pass.gates[step];
    gates.addmm_(pass.states[step], transposed);
    gates.narrow(1, 0, 2 * units).sigmoid_();
    gates.narrow(1, 2 * units, units).tanh_();
    gates.narrow(1, 3 * units, units).sigmoid_();
    Tensor cell = pass.cells[step + 1], tanh_cell = pass.tanh_cells[step],
           state = pass.states[step + 1];
    torch::mul_out(cell, gates.narrow(1, units, units), pass.cells[step]);
    cell.addcmul_(gates.narrow(1, 0, units), gates.narrow(1, 2 * units, units));
    torch::tanh_out(tanh_cell, cell);
    torch::mul_out(state, gates.narrow(1, 3 * units, units), tanh_cell);
  }
  return pass;
}

// One step back for one window: from the gradients of its state and (in `cell_gradient`) of its
// cell to those of its gates before their nonlinearities, and of the cell before.
void StepBack(std::int64_t units, const float* __restrict gates, const float* __restrict tanh_cell,
              const float* __restrict cell_before, const float* __restrict state_gradient,
              float* __restrict cell_gradient, float* __restrict gate_gradients) {
  for (std::int64_t u = 0; u < units; ++u) {
    const float in = gates[u], forget = gates[units + u];
    const float candidate = gates[2 * units + u], out = gates[3 * units + u];
    const float of_cell =
        cell_gradient[u] + state_gradient[u] * out * (1 - tanh_cell[u] * tanh_cell[u]);
    gate_gradients[u] = of_cell * candidate * in * (1 - in);
    gate_gradients[units + u] = of_cell * cell_before[u] * forget * (1 - forget);
    gate_gradients[2 * units + u] = of_cell * in * (1 - candidate * candidate);
    gate_gradients[3 * units + u] = state_gradient[u] * tanh_cell[u] * out * (1 - out);
    cell_gradient[u] = of_cell * forget;
  }
}

// [steps, batch, 4 units]: of the gates before their nonlinearities.
Tensor GateGradients(const LstmPass& pass, const Tensor& recurrent, const Tensor& last_gradient) {
  const std::int64_t steps = pass.gates.size(0), batch = pass.gates.size(1);
  const std::int64_t units = recurrent.size(1);
  Tensor gradients = torch::empty_like(pass.gates);
  Tensor of_state = last_gradient.contiguous().clone();
  Tensor of_cell = torch::zeros({batch, units});
  for (std::int64_t step = steps - 1; step >= 0; --step) {
    const std::int64_t row = step * batch;
    for (std::int64_t window = 0; window < batch; ++window) {
      const std::int64_t at = (row + window) * units, offset = window * units;
      StepBack(units, pass.gates.data_ptr<float>() + 4 * at, pass.tanh_cells.data_ptr<float>() + at,
               pass.cells.data_ptr<float>() + at, of_state.data_ptr<float>() + offset,
               of_cell.data_ptr<float>() + offset, gradients.data_ptr<float>() + 4 * at);
    }
    if (step > 0) torch::mm_out(of_state, gradients[step], recurrent);
  }
  return gradients;
}

struct LstmFunction : torch::autograd::Function<LstmFunction> {
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& sequence,
                        const Tensor& input, const Tensor& recurrent, const Tensor& bias) {
    const LstmPass pass = RunSteps(sequence, input, recurrent, bias);
    context->save_for_backward(
        {sequence, recurrent, pass.gates, pass.cells, pass.tanh_cells, pass.states});
    return pass.states[pass.states.size(0) - 1].clone();
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list of_outputs) {
    const auto saved = context->get_saved_variables();
    const Tensor &sequence = saved[0], &recurrent = saved[1];
    const LstmPass pass{saved[2], saved[3], saved[4], saved[5]};
    const std::int64_t rows = pass.gates.size(0) * pass.gates.size(1);
    const Tensor gates = GateGradients(pass, recurrent, of_outputs[0]).view({rows, -1});
    const Tensor before = pass.states.narrow(0, 0, pass.gates.size(0)).reshape({rows, -1});
    return {Tensor(), gates.t().mm(sequence.reshape({rows, -1})), gates.t().mm(before),
            gates.sum(0)};
  }
};

}  // namespace

Tensor LastLstmState(const Tensor& sequence, const Tensor& input, const Tensor& recurrent,
                     const Tensor& bias) {
  if (torch::GradMode::is_enabled()) {
    return LstmFunction::apply(sequence, input, recurrent, bias);
  }
  const LstmPass pass = RunSteps(sequence, input, recurrent, bias);
  return pass.states[pass.states.size(0) - 1];
}

}  // namespace fleetcast::forecast
